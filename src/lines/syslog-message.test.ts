import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineOfMessage } from './syslog-message.ts'

const received = { time: '2026-11-21T10:00:00.000Z', host: '192.0.2.7' }

const cases: readonly (readonly [what: string, message: string, line: string])[] = [
  [
    'RFC 3164, as a relay sends it',
    '<38>Nov 21 10:00:01 www sshd[4711]: Failed password for root from 203.0.113.9 port 5 ssh2',
    'Nov 21 10:00:01 www sshd[4711]: Failed password for root from 203.0.113.9 port 5 ssh2',
  ],
  [
    'what a program says to its own syslogd',
    '<38>Nov  1 10:00:01 sshd[4711]: hello',
    'Nov  1 10:00:01 192.0.2.7 sshd[4711]: hello',
  ],
  ['the same without a process id', '<13>Nov  1 10:00:01 root: hello you', 'Nov  1 10:00:01 192.0.2.7 root: hello you'],
  [
    'rsyslog as it forwards',
    '<38>2026-11-21T10:00:01.123456+01:00 www sshd[1]: x',
    '2026-11-21T10:00:01.123456+01:00 www sshd[1]: x',
  ],
  ['a host that is an address', '<38>Nov 21 10:00:01 2001:db8::1 sshd[1]: x', 'Nov 21 10:00:01 2001:db8::1 sshd[1]: x'],
  ['no date', '<38>sshd[1]: x', '2026-11-21T10:00:00.000Z 192.0.2.7 sshd[1]: x'],
  ['no priority', 'Nov 21 10:00:01 www sshd[1]: x', 'Nov 21 10:00:01 www sshd[1]: x'],
  ['nothing at all', '', '2026-11-21T10:00:00.000Z 192.0.2.7 '],
  [
    'RFC 5424',
    '<165>1 2026-11-21T10:00:01.003Z www.example.com sshd 4711 ID47 [x@32473 iut="3\\"]" e="a"][y] \xef\xbb\xbfFailed',
    '2026-11-21T10:00:01.003Z www.example.com sshd[4711]: Failed',
  ],
  ['RFC 5424 that says nothing', '<165>1 - - - - - -', '2026-11-21T10:00:00.000Z 192.0.2.7 -: '],
  ['RFC 5424 as rsyslog relays it', '<38>1 2026-11-21T10:00:01Z www sshd 1 - -  x', '2026-11-21T10:00:01Z www sshd[1]: x'],
  ['RFC 5424 without data', '<38>1 2026-11-21T10:00:01Z www sshd - - - x', '2026-11-21T10:00:01Z www sshd: x'],
  [
    'data that is cut is text',
    '<38>1 2026-11-21T10:00:01Z www sshd 1 - [x@1 a="] Failed',
    '2026-11-21T10:00:00.000Z 192.0.2.7 1 2026-11-21T10:00:01Z www sshd 1 - [x@1 a="] Failed',
  ],
  [
    'a message of several lines stays one line',
    '<38>Nov 21 10:00:01 www x: a\nNov 21 10:00:01 www sshd[1]: Failed\t\x1b\r',
    'Nov 21 10:00:01 www x: a#012Nov 21 10:00:01 www sshd[1]: Failed\t#033#015',
  ],
  [
    'a name that would let it pass for another program',
    '<38>1 2026-11-21T10:00:01Z www x:\x00sshd[1]: 2 - - y',
    '2026-11-21T10:00:01Z www x:_sshd_1__[2]: y',
  ],
  ['a name with brackets', '<38>1 2026-11-21T10:00:01Z www x]:sshd[1 2 - - y', '2026-11-21T10:00:01Z www x_:sshd_1[2]: y'],
]

for (const [what, message, line] of cases) test(what, () => assert.equal(lineOfMessage(message, received), line))
