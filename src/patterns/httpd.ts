import { type Pattern, patternSet, type Samples } from '../matching/pattern.ts'
import { type AccessLog, accessPatterns, type SampleRequest } from './access-log.ts'
import { quoted } from './probes.ts'

/**
 * Access logs in the common and combined format: OpenBSD httpd 7.x (styles common, combined and forwarded, which begin with
 * the name of the server), nginx 1.x (combined), Apache 2.4 (common, combined and vhost_combined), lighttpd 1.4 and Traefik
 * 2 and 3 (common).
 *
 * The address is the first field, or the second behind the server's name: both are the server's own words and all else in
 * the line is the peer's, so nobody can be framed by it.
 */
const date = String.raw`\[\d\d\/[A-Za-z]{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] `

const nginx = ({ request, status = 404, agent = 'Mozilla/5.0', referrer = '-', account = '-' }: SampleRequest) => {
  const line = `203.0.113.9 - ${account} [21/Nov/2026:10:00:00 +0000] "${request}" ${status} 153`
  return [`${line} "${escaped(referrer)}" "${escaped(agent)}"`, '203.0.113.9'] as const
}
const apache = (sample: SampleRequest) => [`www.example.org:443 ${nginx(sample)[0]}`, '203.0.113.9'] as const
const openbsd = (sample: SampleRequest) =>
  [`www.example.org ${nginx(sample)[0].replace('203.0.113.9', '2001:db8::9')}`, '2001:db8::9'] as const
const traefik = (sample: SampleRequest) =>
  [`${nginx(sample)[0]} 72 "private@docker" "http://198.51.100.1:80" 0ms`, '203.0.113.9'] as const

const escaped = (text: string) => text.replaceAll('"', String.raw`\"`)

const combined: AccessLog = {
  // The first quotation mark begins the request.
  start: (account) => String.raw`^(?:\S+ )?(?<ip>[\da-fA-F:.]+) - ${account ? `${account} ` : '[^"]*'}${date}"`,
  lines: [nginx, apache, openbsd, traefik],
}

/** What only a server that reads the bytes itself writes down. */
const malformed: readonly Pattern[] = [
  {
    // Another protocol, or none: RDP, SOCKS, SMB, SSH, T3 and what scanners send to learn what listens.
    name: 'garbage',
    weight: 20,
    regex: new RegExp(
      `${combined.start()}${String.raw`(?:\\x(?:[^1]|1[^6])|\\[abfnrtv0]|SSH-|MGLNDD_|GIOP|t3 \d)`}${quoted}" 4\\d\\d `,
    ),
    samples: {
      match: [
        nginx({ request: String.raw`\x03\x00\x00/*\xE0\x00\x00\x00\x00\x00Cookie: mstshash=Administr`, status: 400 }),
        apache({ request: String.raw`\n`, status: 400 }),
        nginx({ request: 'MGLNDD_198.51.100.1_80', status: 400 }),
      ],
      miss: [
        nginx({ request: String.raw`GET /\xE0 HTTP/1.1` })[0],
        nginx({ request: '', status: 400 })[0],
        nginx({ request: '-', status: 408 })[0],
      ],
      forged: [nginx({ request: String.raw`\x00\" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"\x00`, status: 400 })],
    },
  },
  {
    // Also what a browser does that is sent to https://www.example.org:80, several times over.
    name: 'tls-to-plain-port',
    weight: 5,
    regex: new RegExp(`${combined.start()}${String.raw`\\x16\\x03`}${quoted}" 4\\d\\d `),
    samples: {
      match: [nginx({ request: String.raw`\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03`, status: 400 })],
      miss: [nginx({ request: String.raw`\x16\x02`, status: 400 })[0]],
      forged: [nginx({ request: String.raw`\x16\x03\x01\" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"\x16\x03`, status: 400 })],
    },
  },
  {
    // No request at all, or one word of another language. A browser may connect and then say nothing.
    name: 'no-request',
    weight: 5,
    regex: new RegExp(`${combined.start()}[A-Za-z]*" 400 `),
    samples: {
      match: [nginx({ request: '', status: 400 }), apache({ request: 'HELP', status: 400 })],
      miss: [
        nginx({ request: 'GET /x HTTP/1.1', status: 400 })[0],
        nginx({ request: '-', status: 408 })[0],
        nginx({ request: 'QUIT', status: 200 })[0],
      ],
      forged: [nginx({ request: '', status: 400, agent: '" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] "" 400 ' })],
    },
  },
]

/** Fields in other places than ours, and another site's link to a secret. */
const misplaced: NonNullable<Samples['forged']> = [
  ['192.0.2.1 203.0.113.9 - - [21/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153', '203.0.113.9'],
  ['203.0.113.9 - 192.0.2.1 - [x] [21/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153', '203.0.113.9'],
  ['client.example.org - 192.0.2.1 [21/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153', null],
  [nginx({ request: 'GET / HTTP/1.1', status: 200, referrer: 'https://198.51.100.1/.env' })[0], null],
]

export const httpd = patternSet({ name: 'httpd' }, [
  ...accessPatterns(combined).map((pattern) => (pattern.name === 'secret-file' ? withForged(pattern, misplaced) : pattern)),
  ...malformed,
])

function withForged(pattern: Pattern, more: Samples['forged'] = []): Pattern {
  const { forged = [], ...samples } = pattern.samples ?? {}
  return { ...pattern, samples: { ...samples, forged: [...forged, ...more] } }
}
