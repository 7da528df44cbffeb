import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatNetwork } from '../base/address.ts'
import { addressFile, dryRun, Generic, Hackers, nftables, type Outcome, patternSet } from '../index.ts'
import { checkParameters } from './check.ts'
import { formatFault } from './report.ts'

const regex = /^(?<ip>\S+) /
const anyLetter = '\\p{L}'
const good = {
  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/authlog': { hackers: [{ regex }] } },
}

const commands = new Map([['mail', ['/usr/bin/ssh', 'mail']]])

/** What is said of these parameters, everything else being right. */
function said(changed: Readonly<Record<string, unknown>>): readonly string[] {
  return checkParameters({ ...good, ...changed }, { folder: '/etc/log2table', commands }).faults.map(formatFault)
}

/** What is said of this pattern, its path left out. */
function saidOfPattern(pattern: unknown): readonly string[] {
  const path = 'logs["/var/log/authlog"].hackers[0]'
  return said({ logs: { '/var/log/authlog': { hackers: [pattern] } } }).map((fault) =>
    fault.replace(`${path}: `, '').replace(`${path}.`, ''),
  )
}

class Silent extends Generic {
  override onHit(): Outcome {
    return {}
  }
}

describe('a configuration without a fault', () => {
  test('has every default in place', () => {
    const { configuration, faults } = checkParameters(
      {
        ...{ ...good, ignore: ['192.0.2.0/24', '::ffff:198.51.100.7', 'file:/etc/log2table/friends'] },
        proxies: ['192.0.2.10', '2001:db8::/32'],
      },
      { folder: '/etc/log2table', platform: 'openbsd' },
    )
    assert.deepEqual(faults, [])
    assert.ok(configuration)
    assert.deepEqual(configuration.ignore.networks.map(formatNetwork), ['192.0.2.0/24', '198.51.100.7'])
    assert.deepEqual(configuration.ignore.files, ['/etc/log2table/friends'])
    assert.deepEqual(configuration.proxies.map(formatNetwork), ['192.0.2.10', '2001:db8::/32'])
    assert.deepEqual([...configuration.tables.values()], [{ name: 'bad_ip', kind: 'nftables', options: {} }])
    assert.equal(configuration.rules.get('hackers'), good.rules.hackers)
    assert.deepEqual(configuration.logs, [
      { key: '/var/log/authlog', feeds: [{ rule: 'hackers', patterns: [{ regex, name: '/var/log/authlog#1', weight: 10 }] }] },
    ])
    assert.equal(configuration.stateFolder, '/var/db/log2table')
    assert.equal(configuration.control, '/var/run/log2table/control.sock')
  })

  test('has the time zones of its logs', () => {
    const { configuration, faults } = checkParameters({ ...good, zones: { '/var/log/authlog': '+02:00' } }, { folder: undefined })
    assert.deepEqual(faults, [])
    assert.deepEqual(
      configuration?.logs.map(({ key, zone }) => [key, zone]),
      [['/var/log/authlog', '+02:00']],
    )
  })

  test('keeps its state where the platform keeps such things, or where it is told', () => {
    const stateFolder = (changed: object, platform: NodeJS.Platform) => {
      return checkParameters({ ...good, ...changed }, { folder: undefined, platform }).configuration?.stateFolder
    }
    assert.equal(stateFolder({}, 'linux'), '/var/lib/log2table')
    assert.equal(stateFolder({}, 'freebsd'), '/var/db/log2table')
    assert.equal(stateFolder({ stateFolder: '/srv/l2t' }, 'linux'), '/srv/l2t')
  })

  test('may have a rule of another copy of this package', () => {
    class Theirs {
      readonly window = '1h'
      readonly tables = ['bad_ip']
      onHit() {
        return {}
      }
    }
    assert.deepEqual(said({ rules: { hackers: new Theirs() } }), [])
  })

  test('may have patterns of a set that find their address in the session', () => {
    const set = patternSet({ name: 'demo', prefix: /^demo\[(?<session>\d+)\]: / }, [
      { regex: /^from (?<ip>\S+)$/, once: 'session' },
      { regex: /^bad password for (?<user>\S+)$/, once: 'session', distinct: 'user', session: 'closed', port: 22 },
    ])
    assert.deepEqual(said({ logs: { 'stdin:': { hackers: set } } }), [])
  })
})

describe('every fault is told at once, with its path', () => {
  test('in whatever order the keys stand', () => {
    assert.deepEqual(
      said({
        ignor: [],
        rules: { hackers: new Hackers({ table: 'bad_ip', treshold: 5, ban: ['1h', '1 day'] } as never) },
        logs: {
          '/var/log/authlog': { hackers: [{ regex }, { regex }, { regex, weight: '20' }] },
          '/var/log/maillog': { hakers: [{ regex }] },
        },
      }),
      [
        'ignor: unknown key; did you mean "ignore"?',
        'rules.hackers.treshold: unknown key; did you mean "threshold"?',
        'rules.hackers.ban[1]: "1 day" is not a length of time; write "1d"',
        'logs["/var/log/authlog"].hackers[2].weight: "20" is not a whole number; write 20',
        'logs["/var/log/maillog"].hakers: there is no rule "hakers"; did you mean "hackers"?',
      ],
    )
  })

  test('and with a fault there is no configuration', () => {
    assert.equal(checkParameters({ ...good, ignor: [] }, { folder: undefined }).configuration, undefined)
  })
})

const wholes: readonly (readonly [raw: unknown, fault: string])[] = [
  [undefined, 'exports undefined, not parameters; write "export default parameters({ ... })"'],
  [5, 'exports 5, not parameters; write "export default parameters({ ... })"'],
  [[], 'exports a list, not parameters; write "export default parameters({ ... })"'],
]
for (const [raw, fault] of wholes) {
  test(`${fault.split(',')[0]}: refused`, () => {
    assert.deepEqual(checkParameters(raw, { folder: undefined }).faults.map(formatFault), [fault])
  })
}

const faults: readonly (readonly [what: string, changed: Readonly<Record<string, unknown>>, faults: readonly string[]])[] = [
  [
    'an unknown key like none',
    { fleet: {} },
    ['fleet: unknown key; known keys are ignore, proxies, tables, rules, logs, zones, notify, metrics, stateFolder, control'],
  ],
  [
    'no rules',
    { rules: undefined },
    [
      "rules: is missing; write rules: { hackers: new Hackers({ table: 'bad_ip' }) }",
      'logs["/var/log/authlog"].hackers: there is no rule "hackers"; write it in rules, which has none',
    ],
  ],
  ['no logs', { logs: undefined }, ["logs: is missing; write logs: { '/var/log/authlog': { hackers: sshd } }"]],
  [
    'nothing in logs',
    { logs: {} },
    ["logs: is empty: there is nothing to follow; write logs: { '/var/log/authlog': { hackers: sshd } }"],
  ],
  [
    'a relative folder',
    { stateFolder: 'state' },
    [
      `stateFolder: "state" is not an absolute path; write for example '${process.platform.endsWith('bsd') ? '/var/db' : '/var/lib'}/log2table'`,
    ],
  ],

  [
    'ignore as text',
    { ignore: '192.0.2.7' },
    [`ignore: "192.0.2.7" is not a list; write ['192.0.2.0/24', 'file:/etc/log2table/friends']`],
  ],
  [
    'zones of no log, and zones that there are not',
    { zones: { '/var/log/authlgo': 'UTC', '/var/log/authlog': 'Europe/Berlyn' } },
    [
      'zones["/var/log/authlgo"]: unknown key; did you mean "/var/log/authlog"?',
      "zones[\"/var/log/authlog\"]: \"Europe/Berlyn\" is no time zone; write a name such as 'Europe/Berlin', 'UTC' or '+02:00'",
    ],
  ],
  [
    'zones that are a text',
    { zones: 'UTC' },
    ["zones: \"UTC\" is not an object; write zones: { '/var/log/authlog': 'Europe/Berlin' }"],
  ],
  ['a number to ignore', { ignore: [5] }, ["ignore[0]: 5 is not text; write an address or network such as '192.0.2.0/24'"]],
  [
    'a leading zero',
    { ignore: ['010.1.2.3'] },
    ['ignore[0]: 010.1.2.3: a number with a leading zero is read as octal by some tools; write 10.1.2.3'],
  ],
  ['three numbers', { ignore: ['1.2.3'] }, ['ignore[0]: 1.2.3: an IPv4 address has four numbers']],
  ['proxies as text', { proxies: '192.0.2.10' }, [`proxies: "192.0.2.10" is not a list; write ['192.0.2.10', '2001:db8::/64']`]],
  [
    'proxies that are none',
    { proxies: [5, '1.2.3'] },
    [
      "proxies[0]: 5 is not text; write an address or network such as '192.0.2.10'",
      'proxies[1]: 1.2.3: an IPv4 address has four numbers',
    ],
  ],
  [
    'host bits',
    { ignore: ['192.0.2.7/24'] },
    ['ignore[0]: 192.0.2.7/24: host bits are set; did you mean 192.0.2.0/24 or 192.0.2.7?'],
  ],
  [
    'a zone',
    { ignore: ['fe80::1%eth0'] },
    [
      'ignore[0]: fe80::1%eth0: an address with a zone (%eth0) holds on one interface only and cannot be in a table; write fe80::1',
    ],
  ],
  [
    'a name',
    { ignore: ['friend.example.org'] },
    ['ignore[0]: friend.example.org: a name; names are never resolved, give the address'],
  ],
  [
    'a relative file',
    { ignore: ['file:friends'] },
    [`ignore[0]: "file:friends" does not name an absolute path; write 'file:/etc/log2table/friends'`],
  ],
  ['everybody', { ignore: ['0.0.0.0/0'] }, ['warning: ignore[0]: 0.0.0.0/0 is everybody: nobody will be banned']],

  ['a table by its name only', { tables: { bad_ip: 'nftable' } }, ['tables.bad_ip: "nftable" is not a table; write nftables()']],
  [
    'a factory that was not called',
    { tables: { bad_ip: dryRun } },
    ['tables.bad_ip: the function or class dryRun is not a table; write dryRun()'],
  ],
  [
    'an option that no table has',
    { tables: { bad_ip: nftables({ sise: 5 } as never) } },
    ['tables.bad_ip: nftables: there is no option "sise"; there are size and cut'],
  ],
  [
    'a firewall that is not known',
    { tables: { bad_ip: { kind: 'cisco', options: {} } } },
    [
      'tables.bad_ip: tables of kind "cisco" are not known here; there are pf(), nftables(), ipset(), ipfw(), npf(), route(), bsdRoute(), addressFile(), commands(), dryRun()',
    ],
  ],
  [
    'a name no firewall takes',
    { tables: { ...good.tables, 'bad ip; drop': nftables() } },
    ['tables["bad ip; drop"]: is no name of a table; write a letter or _, then letters, digits, _ and -'],
  ],
  [
    'a table that nothing uses',
    { tables: { ...good.tables, spare: nftables() } },
    ['warning: tables.spare: no rule uses this table; name it in a rule, or take it out'],
  ],

  [
    'a table that a rule may use without saying so',
    {
      tables: { ...good.tables, spare: nftables() },
      rules: { ...good.rules, mine: new Silent() },
      logs: { '/var/log/authlog': { hackers: [{ regex }], mine: [{ regex }] } },
    },
    [],
  ],
  [
    'a class for a rule',
    { rules: { hackers: Hackers } },
    ['rules.hackers: is the class Hackers, not a rule made from it; write new Hackers({ ... })'],
  ],
  [
    'a rule that is none',
    { rules: { hackers: { table: 'bad_ip' } } },
    ['rules.hackers: an object is not a rule; write new Hackers({ ... }), or a class of yours that extends Generic'],
  ],
  [
    'null for a rule',
    { rules: { hackers: null } },
    ['rules.hackers: null is not a rule; write new Hackers({ ... }), or a class of yours that extends Generic'],
  ],
  [
    'a rule into a table that is not declared',
    { rules: { hackers: new Hackers({ table: 'bad_pi' }) } },
    ['rules.hackers: bans into the table "bad_pi", which tables does not declare; did you mean "bad_ip"?'],
  ],
  [
    'a rule without any table declared',
    { tables: undefined },
    ['rules.hackers: bans into the table "bad_ip", which tables does not declare; write tables: { bad_ip: nftables() }'],
  ],
  [
    'a rule that no log feeds',
    { rules: { ...good.rules, spare: new Silent() } },
    ['warning: rules.spare: no log feeds this rule; name it in logs, or take it out'],
  ],
  [
    'Hackers without options',
    { rules: { hackers: new (Hackers as unknown as new () => Hackers)() } },
    [
      'rules.hackers: undefined is not an object of options; known keys are table, threshold, window, ban, memory, networks, thresholdAgain, forLife',
    ],
  ],
  ['Hackers without a table', { rules: { hackers: new Hackers({} as never) } }, ['rules.hackers.table: is missing']],
  [
    'options of the wrong type',
    { rules: { hackers: new Hackers({ table: 'bad_ip', threshold: 1.5, window: 3600, ban: [], memory: 'ages' } as never) } },
    [
      'rules.hackers.threshold: 1.5 is not a whole number; write one from 1 to 1000000',
      'rules.hackers.window: 3600 is not a length of time; write "3600s"',
      'rules.hackers.ban: is an empty list; write at least one length of time, such as "1h"',
      'rules.hackers.memory: "ages" is not a length of time; write for example "90s", "10m", "1h" or "7d"',
    ],
  ],
  [
    "a rule of the user's with a wrong window",
    { rules: { hackers: Object.assign(new Silent(), { window: '1 hour' }) } },
    ['rules.hackers.window: "1 hour" is not a length of time; write "1h"'],
  ],

  [
    'one log under two names',
    { logs: { '/var/log/authlog': { hackers: [{ regex }] }, '/var/./log//authlog': { hackers: [{ regex }] } } },
    [
      'logs["/var/./log//authlog"]: is the same file as "/var/log/authlog": its lines would count twice; ' +
        'write its patterns under "/var/log/authlog", and take this key out',
    ],
  ],
  [
    'a log that a glob matches too, whichever comes first',
    { logs: { '/var/log/authlog': { hackers: [{ regex }] }, '/var/log/*log': { hackers: [{ regex }] } } },
    [
      'logs["/var/log/authlog"]: is one of "/var/log/*log": its lines would count twice; ' +
        'take one of the two out, or write a glob that does not match it',
    ],
  ],
  [
    'a relative log',
    { logs: { authlog: good.logs['/var/log/authlog'] } },
    ["logs.authlog: is not an absolute path; write '/var/log/authlog'"],
  ],
  [
    'a kind of log that is not known',
    { logs: { 'tcp:5': good.logs['/var/log/authlog'] } },
    [
      'logs["tcp:5"]: there is no log "tcp:5"; write an absolute path, or ' +
        'journal:UNIT, command:NAME, syslog:udp://ADDRESS:PORT, docker:PATH, pflog:INTERFACE, nflog:GROUP, stdin:',
    ],
  ],
  [
    'a command that commands.json does not have',
    { logs: { 'command:mial': good.logs['/var/log/authlog'], 'command:x': good.logs['/var/log/authlog'] } },
    [
      'logs["command:mial"]: there is no command "mial"; did you mean "mail"?',
      'logs["command:x"]: there is no command "x"; write it in commands.json, which has mail',
    ],
  ],
  [
    'a key of a kind of log that is not understood',
    { logs: { 'journal:-u ssh': good.logs['/var/log/authlog'] } },
    [
      'logs["journal:-u ssh"]: is not understood; ' +
        'write a unit ("journal:ssh.service"), a field ("journal:_COMM=sshd"), or nothing for the whole journal',
    ],
  ],
  [
    'a mistyped kind of log',
    { logs: { 'sdtin:': good.logs['/var/log/authlog'] } },
    ['logs["sdtin:"]: there is no log "sdtin:"; did you mean "stdin:"?'],
  ],
  [
    'a glob over any depth',
    { logs: { '/var/log/**/access.log': good.logs['/var/log/authlog'] } },
    ['logs["/var/log/**/access.log"]: "**" is not understood; name each folder; "*" stands for one'],
  ],
  [
    'a folder',
    { logs: { '/var/log/': good.logs['/var/log/authlog'] } },
    [`logs["/var/log/"]: is a folder; write '/var/log/*.log'`],
  ],
  [
    'patterns without a rule',
    { logs: { '/var/log/authlog': [{ regex }] } },
    ['logs["/var/log/authlog"]: a list does not say which rule the patterns feed; write { hackers: [ ... ] }'],
  ],
  [
    'a regex for a list of patterns',
    { logs: { '/var/log/authlog': { hackers: regex } } },
    ['logs["/var/log/authlog"].hackers: /^(?<ip>\\S+) / is not a list of patterns; write [{ regex: /^(?<ip>\\S+) / }]'],
  ],
  [
    'an empty list of patterns',
    { logs: { '/var/log/authlog': { hackers: [] } } },
    ['warning: logs["/var/log/authlog"].hackers: has no patterns'],
  ],
]
describe('what is refused, and what is only worth a word:', () => {
  for (const [what, changed, expected] of faults) test(what, () => assert.deepEqual(said(changed), expected))
})

const patterns: readonly (readonly [what: string, pattern: unknown, faults: readonly string[]])[] = [
  ['a set that was not spread', [{ regex }], ['a list is not a pattern; write ... before its name, as in [...sshd, ...httpd]']],
  ['a bare regex', regex, ['/^(?<ip>\\S+) / is not a pattern; write { regex: /^(?<ip>\\S+) / }']],
  ['no regex', { weight: 5 }, ['regex: is missing; write regex: /^(?<ip>\\S+) .../']],
  [
    'a regex as text',
    { regex: '^(?<ip>.)' },
    ['regex: "^(?<ip>.)" is not a regex; write it between slashes, without quotes: /.../'],
  ],
  [
    'no group ip',
    { regex: /^from \S+/ },
    ['regex: has no named group ip, so it finds no address; write (?<ip>\\S+) where the address stands'],
  ],
  [
    'a group named otherwise',
    { regex: /^from (?<host>\S+)/ },
    ['regex: has no named group ip, so it finds no address; write (?<ip> for (?<host>'],
  ],
  [
    'the flag g',
    { regex: /^(?<ip>\S+)/g },
    ['regex: the flag g has no meaning: a line matches or does not; leave it out; only i may stand'],
  ],
  [
    'the flag y',
    { regex: /^(?<ip>\S+)/y },
    ['regex: the flag y has no meaning: a line is matched from its start; leave it out; only i may stand'],
  ],
  [
    'the flag u',
    { regex: /^(?<ip>\S+)/u },
    ['regex: the flag u cannot be kept: lines are matched as bytes; leave it out; only i may stand'],
  ],
  ['the flag i', { regex: /^(?<ip>\S+)/i }, []],
  [
    '\\p',
    { regex: new RegExp(`^(?<ip>\\S+) ${anyLetter}`) },
    ['regex: has \\p{...}, which means nothing: lines are matched as bytes; write the characters, such as [A-Za-z], or \\S'],
  ],
  [
    'a letter of several bytes in a class',
    { regex: /^(?<ip>\S+) [aé]/ },
    ['regex: has "é" in [...], which is several bytes; write (?:é|[...]) with the rest in the brackets'],
  ],
  ['such a letter outside a class, and bytes in one', { regex: /^(?<ip>\S+) é[\x80-\xff]/ }, []],
  ['a weight with a fraction', { regex, weight: 2.5 }, ['weight: 2.5 is not a whole number; write one from -1000 to 1000']],
  ['a weight out of range', { regex, weight: 5000 }, ['weight: 5000 is out of range; write a whole number from -1000 to 1000']],
  [
    'a weight that bans at one line',
    { regex, weight: 100 },
    ['warning: weight: one line is a ban: 100 points, where 100 are the threshold'],
  ],
  [
    'an address that the peer can write',
    {
      regex: /^no such user (?<user>.*?) from (?<ip>[\d.]+)/,
      samples: { match: [['no such user bob from 203.0.113.9 today', '203.0.113.9']] },
    },
    [
      'regex: is fooled: for 203.0.113.9, a stranger could have 192.0.2.66 banned by writing "no such user  from 192.0.2.66 from 203.0.113.9 today"; bind both ends (^ and $) so that only the true address fits, or say why nobody can write such a line: unforgeable: \'...\'',
      'warning: regex: the peer may write before the address, and what follows the match is not looked at; write $ behind it',
    ],
  ],
  [
    'the reason why it cannot',
    { regex: /^no such user (?<user>\S+) from (?<ip>[\d.]+)/, unforgeable: 'names hold no space' },
    [],
  ],
  ['no reason at all', { regex, unforgeable: '' }, ['unforgeable: "" is not a reason; say why no peer can write such a line']],
  [
    'a negative weight without an account',
    { regex, weight: -20 },
    ['warning: a negative weight takes away points of the account in the group user, and there is no such group'],
  ],
  [
    'a mistyped key',
    { regex, wieght: 50 },
    ['wieght: unknown key; did you mean "weight"? (a parameter of your own needs a name less like it)'],
  ],
  ['a parameter of its own', { regex, ports: [22, 2222] }, []],
  [
    'a parameter that is no data',
    { regex, after: () => {} },
    [
      'after: the function or class after cannot be a parameter; write text, a number, true, false, null, or lists and objects of them',
    ],
  ],
  [
    'distinct on a group that is not there',
    { regex: /^(?<ip>\S+) (?<user>\S+)/, distinct: 'usr' },
    ['distinct: the regex has no group "usr"; did you mean "user"?'],
  ],
  ['distinct on the address', { regex, distinct: 'ip' }, ['distinct: the address itself is always the same; name another group']],
  [
    'once without a session',
    { regex, once: 'session' },
    [
      'once: needs a set whose prefix has a group session, and there is none; make the set with patternSet({ name, prefix: /...(?<session>\\d+).../ }, [ ... ])',
    ],
  ],
  ['once for something else', { regex, once: 'day' }, [`once: "day" is not known; write 'session'`]],
  ['a session that begins', { regex, session: 'begun' }, [`session: "begun" is not known; write 'opened' or 'closed'`]],
  [
    'a form for JSON lines that lacks a bracket',
    { regex, set: { name: 'web', json: '{time} {ip' } },
    [
      `set.json: "{time} {ip" has a { without its }, or the other way round; write the text that a line is read as, such as '{time} {client.ip} {status}'`,
    ],
  ],
  [
    'a prefix before JSON that looks around',
    { regex, set: { name: 'web', json: '{ip}', prefix: /^(?!x)\w+: / } },
    ["set.prefix: can't stand before JSON, as it has a lookahead, (?!x): on some line it may take too long; write it without"],
  ],
  ['spoofable in words', { regex, spoofable: 'yes' }, ['spoofable: "yes" is neither true nor false']],
  ['an empty name', { regex, name: ' ' }, ['name: " " is not a name; write text, or leave it out']],
  [
    'samples that are lines only',
    { regex, samples: { match: ['192.0.2.7 x'], mis: [] } },
    [
      `samples.match[0]: "192.0.2.7 x" is not a sample; write ['the whole line', '192.0.2.7']`,
      'samples.mis: unknown key; did you mean "miss"?',
    ],
  ],
]
describe('of a pattern:', () => {
  for (const [what, pattern, expected] of patterns) test(what, () => assert.deepEqual(saidOfPattern(pattern), expected))
})

test('regexes that only a later Node reads are refused, since the machine after the next upgrade may have an older one', () => {
  // Made from text: Node 22 could not even read the file otherwise.
  const made = (source: string) => {
    try {
      return new RegExp(source)
    } catch {
      return undefined
    }
  }
  const twice = made('^(?:from (?<ip>\\S+)|by (?<ip>\\S+))')
  if (twice) {
    assert.deepEqual(saidOfPattern({ regex: twice }), [
      'regex: names the group ip twice, which Node 22 cannot read; join the alternatives within one group, or write two patterns',
    ])
  }
  const modified = made('^(?<ip>\\S+) (?i:x)')
  if (modified) {
    assert.deepEqual(saidOfPattern({ regex: modified }), [
      'regex: has "(?i:x", which Node 22 cannot read; write the flag i behind the regex',
    ])
  }
  assert.equal(twice === undefined, Number(process.versions.node.split('.')[0]) < 24)
})

test('a kept file must be named in commands.json, and serve one table only', () => {
  const keptFiles = new Map([['blockips', '/etc/blockips']])
  const file = { keptFile: 'blockips' }
  const of = (tables: object) => checkParameters({ ...good, tables }, { folder: undefined, keptFiles })
  const bad_ip = { kind: 'dryRun', options: {} }
  const spec = { kind: 'dryRun', options: {}, file }
  assert.deepEqual(of({ bad_ip, blockips: spec }).configuration?.keptFiles, new Map([['blockips', '/etc/blockips']]))
  const said = (tables: object) =>
    of(tables)
      .faults.filter(({ severity }) => severity === 'fault')
      .map(formatFault)
  assert.deepEqual(said({ bad_ip: spec, blockips: spec }), [
    'tables.blockips.file: is that of the table bad_ip already; name another file',
  ])
  assert.deepEqual(said({ bad_ip: { ...bad_ip, file: { keptFile: 'blokips' } } }), [
    'tables.bad_ip.file: commands.json names no file "blokips"; did you mean "blockips"?',
  ])
  assert.deepEqual(said({ bad_ip: { ...bad_ip, file: '/etc/blockips' } }), [
    `tables.bad_ip.file: "/etc/blockips" is not a kept file; write keptFile('blockips')`,
  ])
})

test('what tables call by name must be in commands.json, and a file serve one table only', () => {
  const named = {
    commands: new Map([['reload-nginx', ['/usr/sbin/nginx', '-s', 'reload']]]),
    keptFiles: new Map([['nginx', '/etc/nginx/banned']]),
    via: new Map([['fw1', ['/usr/bin/ssh', 'fw1', 'doas']]]),
  }
  const said = (tables: object) =>
    checkParameters({ ...good, tables }, { folder: undefined, ...named })
      .faults.filter(({ severity }) => severity === 'fault')
      .map(formatFault)
  assert.deepEqual(
    said({ bad_ip: addressFile('nginx', { form: 'deny', after: 'reload-nginx' }), far: nftables({ via: 'fw1' }) }),
    [],
  )
  assert.deepEqual(
    said({
      bad_ip: addressFile('ngnix', { after: 'reload' }),
      far: nftables({ via: 'fw2' }),
      cloud: { kind: 'commands', options: { add: 'cloud-add', delete: 'reload-nginx' } },
    }),
    [
      'tables.bad_ip: commands.json names no command "reload"',
      'tables.bad_ip: commands.json names no file "ngnix"; did you mean "nginx"?',
      'tables.far: commands.json names no via "fw2"; did you mean "fw1"?',
      'tables.cloud: commands.json names no command "cloud-add"',
    ],
  )
  assert.deepEqual(said({ bad_ip: addressFile('nginx'), other: addressFile('nginx') }), [
    'tables.other: the file "nginx" is that of the table bad_ip already; name another file',
  ])
  assert.deepEqual(said({ bad_ip: addressFile('nginx'), lifers: dryRun({ file: { keptFile: 'nginx' } }) }), [
    'tables.bad_ip: the file "nginx" is that of the table lifers already; name another file',
  ])
})
