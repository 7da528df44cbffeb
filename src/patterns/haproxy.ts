import { type Pattern, patternSet } from '../matching/pattern.ts'
import { type Probe, probes } from './probes.ts'
import { refusedRequests } from './refused-requests.ts'
import { sharedSyslogPrefix } from './syslog.ts'

/**
 * HAProxy 1.5 to 3.x with `option httplog`, through syslog. The address is the first of the line; the request is the last,
 * and in it HAProxy writes quotation marks and what cannot be printed as %XX or #XX.
 *
 * Compared with the words in the program itself, 2.6.12.
 */
const info = { name: 'haproxy', prefix: sharedSyslogPrefix('haproxy') }

const client = String.raw`^(?<ip>[\da-fA-F:.]+):\d+ \[[^\]"]*\] `
/** From the client to the request: who served it, how long it took, status, size, cookies, how it ended, captured headers. */
const start = (status = String.raw`\d{3}`, server = '[^ "]+') =>
  String.raw`${client}[^ "]+ ${server} [\d\/+-]+ ${status} \+?\d+ [^ "]+ [^ "]+ [\w-]{4} [\d\/+]+ \d+\/\d+ (?:\{[^"]*\} )?"`

const line = (request: string, status = 404, address = '203.0.113.9', server = 'app/app1') =>
  `Nov 21 10:00:00 www haproxy[760]: ${address}:50022 [21/Nov/2026:10:00:00.123] web~ ${server} 12/0/1/0/13 ${status} 5168 - - ---- 3/3/0/0/0 0/0 {www.example.org|Mozilla/5.0} "${request}"`
const framing = '"GET /.env HTTP/1.1" 192.0.2.1:5 [21/Nov/2026:10:00:00.123] web app/app1 0/0/0/0/0 404 1 - - ---- '

function ofProbe({ request, answered, match, miss, ...pattern }: Probe): Pattern {
  return {
    ...pattern,
    regex: new RegExp(`${start(answered?.status)}${request}${answered ? `${answered.rest}"` : ''}`, 'i'),
    samples: {
      match: match.map(([sample, status]) => [line(sample, status), '203.0.113.9']),
      miss: miss.map(([sample, status]) => line(sample, status)),
      forged: match.map(([sample, status]) => [line(sample, status).replace('Mozilla/5.0', framing), null]),
    },
  }
}

export const haproxy = patternSet(info, [
  ...[...probes, ...refusedRequests].map(ofProbe),
  {
    // HAProxy's own login. It does not say whether a password came, and the first request has none as a rule.
    name: 'unauthorized',
    weight: 2,
    regex: new RegExp(start('401', '[^ "/]+/<NOSRV>')),
    samples: {
      match: [
        [line('GET / HTTP/1.1', 401, '203.0.113.9', 'web/<NOSRV>'), '203.0.113.9'],
        [line('GET / HTTP/1.1', 401, '2001:db8::9', 'web/<NOSRV>'), '2001:db8::9'],
      ],
      miss: [line('GET / HTTP/1.1', 401), line('GET / HTTP/1.1', 200, '203.0.113.9', 'web/<STATS>')],
      forged: [[line(`GET /?${framing} HTTP/1.1`, 401, '203.0.113.9', 'web/<NOSRV>'), '203.0.113.9']],
    },
  },
  {
    name: 'bad-request',
    weight: 20,
    regex: new RegExp(`${start('400')}<BADREQ>"$`),
    samples: {
      match: [[line('<BADREQ>', 400), '203.0.113.9']],
      miss: [line('<BADREQ>', 408), line('GET /<BADREQ> HTTP/1.1', 400)],
      forged: [[line('GET /?192.0.2.1:5 <BADREQ>', 400), null]],
    },
  },
  {
    // Also old clients, and those that want nothing but the certificate.
    name: 'tls-failed',
    weight: 2,
    regex: new RegExp(`${client}[^ "]+: (?:SSL handshake failure|Connection error during SSL handshake)`),
    samples: {
      match: [
        [
          'Nov 21 10:00:00 www haproxy[760]: 203.0.113.9:50022 [21/Nov/2026:10:00:00.123] web/1: SSL handshake failure (error:0A0000C1:SSL routines::no shared cipher)',
          '203.0.113.9',
        ],
      ],
      miss: [
        'Nov 21 10:00:00 www haproxy[760]: 203.0.113.9:50022 [21/Nov/2026:10:00:00.123] web/1: Timeout during SSL handshake',
      ],
      forged: [[line('GET /192.0.2.1:5 [x] web/1: SSL handshake failure HTTP/1.1', 200), null]],
    },
  },
])
