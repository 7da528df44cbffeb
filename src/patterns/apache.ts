import { type Pattern, patternSet } from '../matching/pattern.ts'

/**
 * Apache httpd 2.4 and 2.2: the error log, in its file or through syslog, in the words of mod_authz_core, mod_access_compat,
 * mod_auth_basic, mod_auth_digest, mod_cgi, mod_proxy_fcgi, mod_php, the core, and ModSecurity 2. The access log is read by `httpd`.
 *
 * Before `[client ...]` stands nothing but what Apache says itself. 2.4 writes the client's port behind the address and 2.2
 * does not; in an IPv6 address nobody could tell which, so each has its own patterns.
 *
 * Compared with the words in the program itself, 2.4.71.
 */
const date = String.raw`\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d(?:\.\d{6})? \d{4}\] `
const syslog = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (?:httpd|apache2?)(?:\/[\w.-]+)?\[\d+\]: `
const sets = [
  {
    info: {
      name: 'apache',
      prefix: new RegExp(
        String.raw`^(?:${date}|${syslog})\[[\w.-]*:[a-z\d]+\] \[pid \d+(?::tid \d+)?\] (?:\(\d+\)[^\[\]]*: )?\[client \[?`,
      ),
    },
    names: '',
    client: String.raw`^(?<ip>[\da-fA-F:.]+)\]?:\d+\] (?:\[client [\da-fA-F:.]+\] )?(?:AH\d{5}: )?`,
    line: (message: string, address = '203.0.113.9') =>
      `[Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 4711:tid 815] [client ${address}:50022] AH01234: ${message}`,
  },
  {
    info: { name: 'apache', prefix: new RegExp(String.raw`^(?:${date}|${syslog})\[[a-z]+\] \[client `) },
    names: 'old-',
    client: String.raw`^(?<ip>[\d.]+|[\da-fA-F:.]+)(?::\d+)?\] (?:\[client [\da-fA-F:.]+\] )?(?:Digest: )?`,
    line: (message: string, address = '203.0.113.9') => `[Sat Nov 21 10:00:00 2026] [error] [client ${address}] ${message}`,
  },
]

interface Message {
  readonly name: string
  readonly weight: number
  readonly distinct?: string
  /** Source of a regex for what stands behind the client. */
  readonly says: string
  readonly match: readonly string[]
  readonly miss: readonly string[]
}

const messages: readonly Message[] = [
  {
    name: 'wrong-password',
    weight: 20,
    says: 'user (?<user>.*): (?:authentication failure for "|password mismatch: )',
    match: ['user alice: authentication failure for "/private": Password Mismatch', 'user alice: password mismatch: /private'],
    miss: ['user alice: authentication success for "/private"'],
  },
  {
    name: 'unknown-user',
    weight: 25,
    says: "user (?:(?<user>.*)|`.*' in realm `.*') not found(?:: |$)",
    match: ['user admin not found: /private', 'user  not found: /', "user `admin' in realm `private' not found: /private"],
    miss: ['user file not read: /private'],
  },
  {
    // The password was right, but the page is not for this user.
    name: 'not-authorized',
    weight: 10,
    says: '(?:user (?<user>.*): authorization failure for "|Authorization of user .* to access .* failed, reason: )',
    match: [
      'user alice: authorization failure for "/private": ',
      'Authorization of user alice to access /x failed, reason: file owner bob does not match',
    ],
    miss: ['AH01626: authorization result of Require all granted: granted'],
  },
  {
    name: 'digest-forged',
    weight: 20,
    says: '(?:client used wrong authentication scheme(?:: | `)|invalid (?:or missing )?qop |invalid nonce .* received - (?:length is not|hash is not|user attempted time travel)|realm mismatch - got |unknown algorithm )',
    match: [
      'client used wrong authentication scheme: /private',
      "client used wrong authentication scheme `Basic': /private",
      'invalid nonce x received - hash is not y',
      "invalid or missing qop value 'x', RFC 2069 is no longer supported: /private",
      "invalid qop `auth' received: /private/",
      'invalid nonce x received - length is not 52',
      "realm mismatch - got `x' but expected `private'",
      "unknown algorithm `x' received: /private/",
    ],
    miss: ['nonce expired (1.2 seconds old - max lifetime 300) - sending new nonce'],
  },
  {
    name: 'denied',
    weight: 5,
    distinct: 'path',
    says: 'client denied by server configuration: (?<path>[^,]*)',
    match: ['client denied by server configuration: /var/www/private/x.html'],
    miss: ['client allowed by server configuration: /var/www/x'],
  },
  {
    name: 'missing-script',
    weight: 5,
    distinct: 'path',
    says: String.raw`(?:script '(?<path>[^']*)' not found or unable to stat|script not found or unable to stat: \S|Got error 'Primary script unknown)`,
    match: [
      "script '/var/www/x.php' not found or unable to stat",
      'script not found or unable to stat: /usr/lib/cgi-bin/php5',
      String.raw`Got error 'Primary script unknown\n'`,
    ],
    miss: ["script '/var/www/x.php' not executable", "Got error 'PHP message: Primary script unknown'"],
  },
  {
    // 2.2 tells every missing file, 2.4 only if it is set to `info`.
    name: 'missing-file',
    weight: 2,
    distinct: 'path',
    says: 'File does not exist: (?<path>[^,]*)',
    match: ['File does not exist: /var/www/phpmyadmin', 'File does not exist: /var/www/x, referer: http://other.example/'],
    miss: ['File exists: /var/www/x'],
  },
  {
    // Another protocol, a request over every limit, or a path out of the root.
    name: 'bad-request',
    weight: 20,
    says: "(?:Invalid (?:URI|method) in request |invalid URI path \\(|HTTP Request Line; (?:Invalid method|Missing URI|Unable to parse|Extraneous text|Unrecognized)|request failed: (?:URI too long|client's request-line exceeds|erroneous characters after protocol string|malformed request line|invalid characters in URI))",
    match: [
      'Invalid URI in request GET /static/../../../../etc/passwd HTTP/1.1',
      String.raw`Invalid method in request \x16\x03\x01`,
      "Invalid URI in request 'GET /static/../../../../etc/passwd HTTP/1.1' '/x'",
      'invalid URI path (/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh)',
      "HTTP Request Line; Invalid method token: 'x'",
      'request failed: URI too long (longer than 8190)',
      "request failed: client's request-line exceeds LimitRequestLine (longer than 8190)",
    ],
    miss: ['request failed: error reading the headers'],
  },
  {
    name: 'shellshock',
    weight: 50,
    says: String.raw`\/\S*sh: (?:warning: \w+: ignoring function definition attempt|error importing function definition for )`,
    match: [
      '/bin/bash: warning: HTTP_TEST: ignoring function definition attempt',
      "/bin/bash: error importing function definition for `HTTP_TEST'",
    ],
    miss: ['/bin/bash: line 1: x: command not found'],
  },
  {
    name: 'modsecurity',
    weight: 30,
    says: String.raw`ModSecurity: +(?:\[.*\] )?Access denied with code \d{3} \(phase \d\)\.`,
    match: [
      'ModSecurity: Access denied with code 403 (phase 2). Operator GE matched 5 at TX:anomaly_score. [file "/x.conf"]',
      'ModSecurity:  [file "/x.conf"] [line "47"] [msg "x"] Access denied with code 403 (phase 2). Operator EQ matched',
    ],
    miss: ['ModSecurity: Warning. Pattern match "x" at ARGS:y.'],
  },
  {
    // Also an old browser, or a client that came by the address.
    name: 'wrong-host',
    weight: 2,
    says: '(?:Hostname \\S+ provided via SNI(?: and hostname \\S+ provided via HTTP have no compatible SSL setup|, but no hostname provided)|No hostname was provided via SNI for a name based virtual host)',
    match: [
      'Hostname www.example.org provided via SNI and hostname www.example.net provided via HTTP have no compatible SSL setup',
      'No hostname was provided via SNI for a name based virtual host',
    ],
    miss: ['Hostname www.example.org provided via SNI'],
  },
]

/** Text of a stranger that looks like the beginning of a line. */
const fake = '[client 192.0.2.1:50022] AH01617: user root: authentication failure for "/": Password Mismatch'

function patternsOf({ names, client, line }: (typeof sets)[number]): readonly Pattern[] {
  return messages.map(({ name, says, match, miss, ...pattern }) => ({
    ...pattern,
    name: names + name,
    regex: new RegExp(client + says),
    samples: {
      match: match.map((message, index) =>
        index % 2 === 0 ? ([line(message), '203.0.113.9'] as const) : ([line(message, '2001:db8::9'), '2001:db8::9'] as const),
      ),
      miss: [...miss.map((message) => line(message)), line(match[0]!, 'www.example.org')],
      forged: [
        [line(`${match[0]}${fake}, referer: ${fake}`), '203.0.113.9'],
        [line(`x ${fake}`).replace('[client 203', '[remote 203'), null],
      ],
    },
  }))
}

export const apache = sets.flatMap((set) => patternSet(set.info, patternsOf(set)))
