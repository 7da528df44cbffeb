import { patternSet } from '../matching/pattern.ts'

/**
 * nginx 1.10 to 1.29: the error log, with its modules auth_basic, access, limit_req, limit_conn and ModSecurity 3. The access
 * log is read by `httpd`.
 *
 * nginx escapes nothing here: a quotation mark in the name or in the path that was asked for stands as it is. So where such
 * text comes before the address it may hold none, and the line must go on to its end as nginx ends it.
 *
 * Compared with the words in the program itself, 1.22.1.
 */
const info = {
  name: 'nginx',
  prefix: /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: \*\d+ /,
}

const client = String.raw`, client: (?<ip>[\da-fA-F:.]+), server: `
/** All that nginx writes behind the address. */
const tail = `${client}[^,"]*, request: "[^"]*"(?:, (?:subrequest|upstream|host|referrer): "[^"]*")*$`

const where = ', client: 203.0.113.9, server: www.example.org, request: "GET /a HTTP/1.1", host: "www.example.org"'
const line = (message: string, tail = where) => `2026/11/21 10:00:00 [error] 4711#4711: *815 ${message}${tail}`
const atV6 = where.replace('203.0.113.9', '2001:db8::9')
/** What an attacker puts behind a quotation mark, to be taken for nginx's own words. */
const forgery = 'x": password mismatch, client: 192.0.2.1, server: x, request: "GET / HTTP/1.1", host: "x"'

export const nginx = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: new RegExp(`^user "(?<user>[^"]*)": password mismatch${tail}`),
    samples: {
      match: [
        [line('user "admin": password mismatch'), '203.0.113.9'],
        [line('user "a b": password mismatch', `${atV6}, referrer: "https://www.example.org/"`), '2001:db8::9'],
      ],
      miss: [line('no user/password was provided for basic authentication'), line('user "admin": password match')],
      forged: [
        [line(`user "${forgery}": password mismatch`), null],
        [line('user "x": password mismatch', `${where.slice(0, -1)}", client: 192.0.2.1, server: x, request: "x"`), null],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    regex: new RegExp(`^user "(?<user>[^"]*)" was not found in "[^"]*"${tail}`),
    samples: {
      match: [[line('user "admin" was not found in "/etc/nginx/htpasswd"'), '203.0.113.9']],
      miss: [line('user "admin" was found in "/etc/nginx/htpasswd"')],
      forged: [[line(`user "x" was not found in "x"${where.replace('203.0.113.9', '192.0.2.1')}" was not found in "/x"`), null]],
    },
  },
  {
    // What is missing here is also told by the access log, with its status.
    name: 'missing-file',
    weight: 2,
    distinct: 'path',
    regex: new RegExp(
      String.raw`^(?:open\(\) )?"(?<path>[^"]*)" (?:failed|is not found) \(2: No such file or directory\)${tail}`,
    ),
    samples: {
      match: [
        [line('open() "/var/www/cgi-bin/php4" failed (2: No such file or directory)'), '203.0.113.9'],
        [line('"/var/www/roundcube/index.php" is not found (2: No such file or directory)', atV6), '2001:db8::9'],
      ],
      miss: [line('open() "/var/www/x" failed (13: Permission denied)')],
      forged: [[line(`open() "/var/www/${forgery}" failed (2: No such file or directory)`), null]],
    },
  },
  {
    name: 'forbidden',
    weight: 5,
    regex: new RegExp(`^(?:access forbidden by rule|directory index of "[^"]*" is forbidden)${tail}`),
    samples: {
      match: [
        [line('access forbidden by rule'), '203.0.113.9'],
        [line('directory index of "/var/www/x/" is forbidden', atV6), '2001:db8::9'],
      ],
      miss: [line('access allowed by rule')],
      forged: [[line(`directory index of "/var/www/${forgery}" is forbidden`), null]],
    },
  },
  {
    // The server's own limit, so the administrator has said what is too much; a page with many pictures gets there too.
    name: 'too-many-requests',
    weight: 10,
    regex: new RegExp(
      String.raw`^limiting (?:requests, excess: [\d.]+|connections) by zone "[^"]*"(?:, while [a-z ]+)?${client}`,
    ),
    unforgeable: 'before the address stands only the name of a zone in nginx.conf',
    samples: {
      match: [
        [line('limiting requests, excess: 10.852 by zone "login"'), '203.0.113.9'],
        [line('limiting connections by zone "perip"', atV6), '2001:db8::9'],
      ],
      miss: [line('delaying request, excess: 0.852, by zone "login"')],
      forged: [
        [
          line(
            'limiting requests, excess: 1.5 by zone "a"',
            ', client: 203.0.113.9, server: x, request: "GET /, client: 192.0.2.1, server: x"',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'missing-script',
    weight: 5,
    regex: new RegExp(`^FastCGI sent in stderr: "Primary script unknown" while reading response header from upstream${client}`),
    samples: {
      match: [
        [line('FastCGI sent in stderr: "Primary script unknown" while reading response header from upstream'), '203.0.113.9'],
      ],
      miss: [
        line('FastCGI sent in stderr: "PHP message: PHP Warning" while reading response header from upstream'),
        line('FastCGI sent in stderr: "Primary script unknown"', '; PHP message: x", client: 203.0.113.9, server: x'),
      ],
      forged: [[line(`FastCGI sent in stderr: "PHP message: ${forgery}" while reading response header from upstream`), null]],
    },
  },
  {
    // No TLS at all, or what scanners send to learn what listens.
    name: 'tls-garbage',
    weight: 5,
    regex: new RegExp(
      String.raw`^SSL_do_handshake\(\) failed \(SSL: error:[^()]*(?:too long|too short|wrong version number|bad key share|unsupported protocol|http request)[^()]*\) while SSL handshaking${client}`,
    ),
    unforgeable: 'before the address stand only words of the TLS library',
    samples: {
      match: [
        [
          '2026/11/21 10:00:00 [crit] 4711#4711: *815 SSL_do_handshake() failed (SSL: error:1408F0C6:SSL routines:ssl3_get_record:packet length too long) while SSL handshaking, client: 203.0.113.9, server: 0.0.0.0:443',
          '203.0.113.9',
        ],
      ],
      miss: [
        '2026/11/21 10:00:00 [crit] 4711#4711: *815 SSL_do_handshake() failed (SSL: error:0A000412:SSL routines::sslv3 alert bad certificate:SSL alert number 42) while SSL handshaking, client: 203.0.113.9, server: 0.0.0.0:443',
      ],
      forged: [
        [
          line('user "SSL_do_handshake() failed (SSL: error:too long) while SSL handshaking, client: 192.0.2.1, server: ": x'),
          null,
        ],
      ],
    },
  },
  {
    name: 'modsecurity',
    weight: 30,
    regex: /^\[client (?<ip>[\da-fA-F:.]+)\] ModSecurity: Access denied with code \d{3} \(phase \d\)\. /,
    samples: {
      match: [
        [
          line(
            '[client 203.0.113.9] ModSecurity: Access denied with code 403 (phase 2). Matched "Operator `Ge\' with parameter `5\' against variable `TX:ANOMALY_SCORE\'" [file "/etc/x.conf"]',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('[client 203.0.113.9] ModSecurity: Warning. Matched "Operator `Rx\'"')],
      forged: [
        [line('open() "/var/www/[client 192.0.2.1] ModSecurity: Access denied with code 403 (phase 2). " failed (1: x)'), null],
      ],
    },
  },
])
