import { type Pattern, patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Grafana 7 to 12: grafana.log or the journal, as text (logfmt) and as JSON.
 *
 * Grafana believes the headers X-Real-IP and X-Forwarded-For from anybody, so one that can be reached past its proxy writes
 * whatever address its peer claims: all of it is spoofable.
 */
const context = String.raw`logger=context userId=\d+ orgId=\d+ uname=[^ "]* `
const text = {
  name: 'grafana',
  prefix: new RegExp(
    String.raw`(?:${stamp}grafana(?:-server)?(?:\[\d+\])?: |^)(?:${context})?t=[\d:.TZ+-]+ (?:level|lvl)=(?:info|error|eror|warn) `,
  ),
}
const json = { name: 'grafana', json: '{t} {msg} {method} {path} {status} {remote_addr}' }

const now = (rest: string) =>
  `logger=context userId=0 orgId=0 uname= t=2026-11-21T10:00:00.123456789Z level=info msg="Request Completed" ${rest} time_ms=3 duration=3.1ms size=67 referer=https://www.example.org/login handler=/login`
const old = (error: string, address: string) =>
  `t=2026-11-21T10:00:00+0100 lvl=eror msg="Invalid username or password" logger=context userId=0 orgId=0 uname= error="${error}" remote_addr=${address}`
const record = (more: object) =>
  JSON.stringify({ level: 'info', logger: 'context', msg: 'Request Completed', t: '2026-11-21T10:00:00.1Z', uname: '', ...more })
const login = { method: 'POST', path: '/login', status: 401, remote_addr: '203.0.113.9' }

const patterns: readonly Pattern[] = [
  {
    name: 'wrong-password',
    weight: 20,
    spoofable: true,
    regex: new RegExp(
      String.raw`^msg="Request Completed" (?:${context})?method=POST path=\/login status=401 remote_addr=(?<ip>[\da-fA-F:.]+) `,
    ),
    samples: {
      match: [
        [now('method=POST path=/login status=401 remote_addr=203.0.113.9'), '203.0.113.9'],
        [`Nov 21 10:00:00 www grafana[815]: ${now('method=POST path=/login status=401 remote_addr=2001:db8::9')}`, '2001:db8::9'],
      ],
      miss: [
        now('method=POST path=/login status=200 remote_addr=203.0.113.9'),
        now('method=GET path=/api/x status=401 remote_addr=203.0.113.9'),
      ],
      forged: [
        [
          now(
            'method=GET path="/x method=POST path=/login status=401 remote_addr=192.0.2.1 " status=404 remote_addr=203.0.113.9',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'old-wrong-password',
    weight: 20,
    spoofable: true,
    regex: new RegExp(
      String.raw`^msg="Invalid username or password" ${context}error="[\w .]*" remote_addr=(?<ip>[\da-fA-F:.]+)$`,
    ),
    samples: {
      match: [
        [old('Invalid Username or Password', '203.0.113.9'), '203.0.113.9'],
        [old('User not found', '2001:db8::9'), '2001:db8::9'],
      ],
      miss: [old('User not found', '[::1]')],
      forged: [[old('User not found remote_addr=192.0.2.1', '203.0.113.9'), null]],
    },
  },
]

const jsonPatterns: readonly Pattern[] = [
  {
    name: 'json-wrong-password',
    weight: 20,
    spoofable: true,
    regex: /^\S+ Request\\x20Completed POST \/login 401 (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [[record(login), '203.0.113.9']],
      miss: [record({ ...login, status: 200 }), record({ ...login, path: '/login/x' })],
      forged: [
        [record({ ...login, uname: '","remote_addr":"192.0.2.1' }), '203.0.113.9'],
        [record({ ...login, path: '/login 401 192.0.2.1' }), null],
      ],
    },
  },
]

export const grafana = [...patternSet(text, patterns), ...patternSet(json, jsonPatterns)]
