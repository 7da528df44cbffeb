import { patternSet } from '../matching/pattern.ts'
import { date, host } from './syslog.ts'

/**
 * OpenVPN 2.4 to 2.6 as a server: syslog, its own file (`log`, `log-append`), and systemd's journal.
 *
 * A line is led by the client, `address:port`, behind its certificate's name once that is known; native IPv6 addresses have
 * no port there. What is said before the client has answered once may come from a forged source.
 *
 * Compared with the words in the program itself, 2.6.14.
 */
const info = {
  name: 'openvpn',
  prefix: new RegExp(
    String.raw`(?:^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} (?:us=\d+ )?|${date}(?:${host}(?:ovpn|openvpn)[\w@.()-]*(?:\[\d+\])?: (?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )?)?(?:us=\d+ )?)`,
  ),
}

const address = String.raw`(?<ip>\d+\.\d+\.\d+\.\d+|[\da-fA-F]*:[\da-fA-F:.]+)`
/** Before and after the certificate's name is known: OpenVPN makes `_` of whatever is strange in it. */
const client = String.raw`^(?:[\w.@-]+\/)?${address}(?::\d+)? `

const line = (message: string) => `Nov 21 10:00:00 vpn ovpn-server[4711]: ${message}`

export const openvpn = patternSet(info, [
  {
    name: 'auth-failed',
    weight: 20,
    regex: new RegExp(
      String.raw`${client}TLS Auth Error: (?:Auth Username\/Password verification failed for peer|username attempted to change)`,
    ),
    samples: {
      match: [
        [line('203.0.113.9:50022 TLS Auth Error: Auth Username/Password verification failed for peer'), '203.0.113.9'],
        ['2026-11-21 10:00:00 2001:db8::9 TLS Auth Error: Auth Username/Password verification failed for peer', '2001:db8::9'],
        [
          'Sat Nov 21 10:00:00 2026 us=991810 bob/203.0.113.9:50022 TLS Auth Error: Auth Username/Password verification failed for peer',
          '203.0.113.9',
        ],
      ],
      miss: [line("203.0.113.9:50022 TLS: Username/Password authentication succeeded for username 'alice'")],
      forged: [
        [
          line(
            "203.0.113.9:5 TLS: Username/auth-token authentication failed for username '192.0.2.1:5 TLS Auth Error: Auth Username/Password'",
          ),
          null,
        ],
      ],
    },
  },
  {
    // A certificate that is not ours, or that has run out; then its owner comes again each minute.
    name: 'certificate-refused',
    weight: 10,
    regex: new RegExp(String.raw`${client}VERIFY (?:ERROR: depth=\d+, error=|KU ERROR|EKU ERROR|X509NAME ERROR: )`),
    samples: {
      match: [
        [line('203.0.113.9:50022 VERIFY ERROR: depth=0, error=unable to get local issuer certificate: CN=x'), '203.0.113.9'],
      ],
      miss: [line('203.0.113.9:50022 VERIFY OK: depth=0, CN=alice')],
      forged: [
        [line('203.0.113.9:5 VERIFY ERROR: depth=0, error=x: CN=192.0.2.1:5 VERIFY ERROR: depth=0, error=x'), '203.0.113.9'],
      ],
    },
  },
  {
    // tls-auth, tls-crypt: whoever has not got our key.
    name: 'no-key',
    weight: 20,
    spoofable: true,
    regex: new RegExp(
      String.raw`^(?:\S+ )?TLS Error: (?:cannot locate HMAC in incoming packet|incoming packet authentication failed|tls-crypt unwrapping failed|client->client or server->server connection attempted) from \[AF_INET6?\]${address}:\d+(?:$| )`,
    ),
    samples: {
      match: [
        [line('TLS Error: cannot locate HMAC in incoming packet from [AF_INET]203.0.113.9:50022'), '203.0.113.9'],
        [
          line('TLS Error: tls-crypt unwrapping failed from [AF_INET6]2001:db8::9:50022 (via ::ffff:192.0.2.25%eth0)'),
          '2001:db8::9',
        ],
      ],
      miss: [line('203.0.113.9:50022 TLS Error: TLS handshake failed')],
      forged: [
        [
          line(
            '203.0.113.9:5 VERIFY ERROR: depth=0, error=x: CN=TLS Error: cannot locate HMAC in incoming packet from [AF_INET]192.0.2.1:5',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // The sum of what went wrong, or nothing but a bad line.
    name: 'handshake-failed',
    weight: 5,
    spoofable: true,
    regex: new RegExp(`${client}TLS Error: TLS handshake failed$`),
    samples: {
      match: [[line('203.0.113.9:50022 TLS Error: TLS handshake failed'), '203.0.113.9']],
      miss: [
        line(
          '203.0.113.9:50022 TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network connectivity)',
        ),
      ],
      forged: [[line('x 192.0.2.1:5 TLS Error: TLS handshake failed'), null]],
    },
  },
  {
    // Another protocol, on the TCP port.
    name: 'garbage',
    weight: 20,
    regex: new RegExp(
      String.raw`${client}WARNING: Bad encapsulated packet length from peer \(\d+\), which must be > 0 and <= \d+ `,
    ),
    samples: {
      match: [
        [
          line(
            '203.0.113.9:50022 WARNING: Bad encapsulated packet length from peer (18245), which must be > 0 and <= 1575 -- please ensure',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line("203.0.113.9:50022 WARNING: 'link-mtu' is used inconsistently")],
      forged: [[line('x 192.0.2.1:5 WARNING: Bad encapsulated packet length from peer (1), which must be > 0 and <= 1 '), null]],
    },
  },
  {
    // "Peer Connection Initiated" comes with wrong passwords as well; an address of our own does not.
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(
      String.raw`^(?<user>[\w.@-]+)\/(?<session>${address}(?::\d+)?) (?:MULTI: primary virtual IP for|SENT CONTROL \[[^\]]*\]: 'PUSH_REPLY,)`,
    ),
    unforgeable: 'OpenVPN puts _ for all else in a name, so it holds neither a space nor a slash',
    samples: {
      match: [
        [line('alice/198.51.100.7:50022 MULTI: primary virtual IP for alice/198.51.100.7:50022: 10.8.0.6'), '198.51.100.7'],
      ],
      miss: [line('203.0.113.9:50022 [bob] Peer Connection Initiated with [AF_INET]203.0.113.9:50022')],
      forged: [
        [line('203.0.113.9:5 VERIFY ERROR: depth=0, error=x: CN=a/192.0.2.1:5 MULTI: primary virtual IP for'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'gone',
    weight: 0,
    session: 'closed',
    regex: new RegExp(
      String.raw`^[\w.@-]+\/(?<session>${address}(?::\d+)?) SIG(?:TERM|USR1)\[soft,[\w-]+\] received, client-instance (?:exiting|restarting)$`,
    ),
    samples: {
      match: [[line('alice/198.51.100.7:50022 SIGTERM[soft,remote-exit] received, client-instance exiting'), '198.51.100.7']],
      miss: [line('alice/198.51.100.7:50022 SIGUSR1[soft,ping-restart] received, process restarting')],
      forged: [
        [
          line(
            '203.0.113.9:5 VERIFY ERROR: depth=0, error=x: CN=a/192.0.2.1:5 SIGTERM[soft,x] received, client-instance exiting',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
])
