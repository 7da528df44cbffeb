import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Dovecot 2.0 to 2.4: the login processes (client-common.c and the default `login_log_format_elements`) and, where
 * `auth_verbose` is on, the passdbs. Dovecot's lines begin with `dovecot: ` in syslog and without it in its own files.
 *
 * In a login line the user's name stands before `rip`, and may hold anything but a line feed. Behind the true address come
 * only Dovecot's own words, which have no angle brackets but those of the session: so the tail must have none either. What
 * is said of one connection by several processes has its session in common, and is counted once.
 *
 * Compared with the words in the program itself, 2.3.19.
 */
const info = { name: 'dovecot', prefix: new RegExp(String.raw`${stamp}(?:dovecot(?:\[\d+\])?: ){0,2}`) }

const login = `^(?:imap|pop3|managesieve|sieve|submission)-login: (?:Info: )?`
const user = '(?:user=<(?<user>.*)>, )?'
const client = String.raw`(?:method=[A-Z\d-]+, )?rip=(?<ip>[\da-fA-F:.]+)(?:, [^<>]*)?(?:, session=<(?<session>[^<>]*)>)?$`
/** From the verb to the reason in brackets: at most the words of TLS or of the system. */
const because = String.raw`[A-Z][^<>]*\(`
const passdb = String.raw`^(?:auth|auth-worker)(?:\(\w+\))?: (?:Info: )?(?:conn unix:auth-worker \([^()]*\): auth-worker<\d+>: )?[a-z-]+\((?<user>.*),(?<ip>[\da-fA-F:.]+),?(?:<(?<session>[^<>]*)>)?\): `
const ownTail = 'behind the address stand only words of Dovecot and of the TLS library'
const sha1 = String.raw`(?: \(SHA1 of given password: [\da-f]+\))?`

const line = (message: string) => `Nov 21 10:00:00 mx dovecot: ${message}`
const tail = 'lip=192.0.2.25, TLS, session=<n4JLdHNVngZGpV2j>'

export const dovecot = patternSet(info, [
  {
    name: 'auth-failed',
    weight: 20,
    once: 'session',
    regex: new RegExp(`${login}${because}(?:auth failed, 1 attempts|proxy dest auth failed)[^<>]*: ${user}${client}`),
    unforgeable: ownTail,
    samples: {
      match: [
        [
          line(
            `imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<bob>, method=PLAIN, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
        [
          line(`pop3-login: Aborted login (auth failed, 1 attempts): user=<bob>, method=PLAIN, rip=2001:db8::9, ${tail}`),
          '2001:db8::9',
        ],
        [
          line(
            'imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): user=<bob>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.25, TLS, session=<x>',
          ),
          '203.0.113.9',
        ],
        [
          'Nov 21 10:00:00 imap-login: Info: Disconnected (auth failed, 1 attempts): rip=203.0.113.9, lip=192.0.2.25',
          '203.0.113.9',
        ],
      ],
      miss: [
        line(`imap-login: Disconnected (no auth attempts in 4 secs): user=<>, rip=203.0.113.9, ${tail}`),
        line(`imap-login: Disconnected (auth failed, 2 attempts in 4 secs): user=<bob>, rip=203.0.113.9, ${tail}`),
      ],
      forged: [
        [
          line(
            `imap-login: Disconnected (auth failed, 1 attempts): user=<a>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, session=<x>, method=PLAIN, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
        [
          line(
            `imap-login: Disconnected (auth failed, 1 attempts): user=<a>, rip=192.0.2.1, x>, method=PLAIN, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Programs try a stored password twice, by two methods.
    name: 'auth-failed-again',
    weight: 30,
    once: 'session',
    regex: new RegExp(String.raw`${login}${because}auth failed, (?:[2-9]|\d\d+) attempts[^<>]*: ${user}${client}`),
    unforgeable: ownTail,
    samples: {
      match: [
        [
          line(
            `imap-login: Disconnected (auth failed, 3 attempts in 17 secs): user=<bob>, method=PLAIN, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line(`imap-login: Disconnected (auth failed, 1 attempts in 17 secs): user=<bob>, rip=203.0.113.9, ${tail}`)],
      forged: [
        [
          line(`imap-login: Disconnected (auth failed, 3 attempts): user=<a>, rip=192.0.2.1>, rip=203.0.113.9, ${tail}`),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // A badly set up client: its password never came to be looked at.
    name: 'cleartext-refused',
    weight: 5,
    once: 'session',
    regex: new RegExp(
      String.raw`${login}${because}tried to use (?:disabled|disallowed) (?:plaintext|cleartext) auth\)[^<>]*: ${user}${client}`,
    ),
    unforgeable: ownTail,
    samples: {
      match: [
        [
          line(`pop3-login: Aborted login (tried to use disallowed plaintext auth): user=<>, rip=203.0.113.9, ${tail}`),
          '203.0.113.9',
        ],
      ],
      miss: [line(`pop3-login: Disconnected (no auth attempts): user=<>, rip=203.0.113.9, ${tail}`)],
      forged: [
        [
          line(
            `pop3-login: Aborted login (tried to use disallowed plaintext auth): user=<a>, rip=192.0.2.1>, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Looks at the port, or fails at TLS; monitors and old telephones do.
    name: 'no-attempt',
    weight: 0,
    regex: new RegExp(
      `${login}${because}(?:no auth attempts|disconnected before auth was ready|client didn't finish SASL auth)[^<>]*: ${user}${client}`,
    ),
    unforgeable: ownTail,
    samples: {
      match: [
        [
          line(
            'imap-login: Disconnected: Connection closed: SSL_accept() failed: error:1408F10B:SSL routines:x (no auth attempts in 0 secs): user=<>, rip=203.0.113.9, lip=192.0.2.25, TLS handshaking: SSL_accept() failed: x, session=<x>',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line(`imap-login: Disconnected (auth failed, 1 attempts): user=<no auth attempts>, rip=203.0.113.9, ${tail}`)],
      forged: [
        [
          line(
            `imap-login: Disconnected (auth failed, 1 attempts): user=<(no auth attempts): rip=192.0.2.1>, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    once: 'session',
    regex: new RegExp(
      String.raw`${passdb}(?:unknown user${sha1}|pam_authenticate\(\) failed: User not known to the underlying authentication module(?:: \d+ Time\(s\))?)$`,
    ),
    samples: {
      match: [
        [line('auth: passwd-file(bob,203.0.113.9): unknown user'), '203.0.113.9'],
        [
          line(
            'auth-worker(4711): conn unix:auth-worker (pid=815,uid=97): auth-worker<1>: pam(bob,2001:db8::9,<x>): unknown user',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('auth: passwd-file(bob): unknown user')],
      forged: [[line('auth: passwd-file(x,192.0.2.1): unknown user,203.0.113.9): unknown user'), '203.0.113.9']],
    },
  },
  {
    name: 'wrong-password',
    weight: 20,
    once: 'session',
    regex: new RegExp(
      String.raw`${passdb}(?:[Pp]assword mismatch(?: \(for LDAP bind\))?${sha1}|invalid credentials|pam_authenticate\(\) failed: (?:Authentication failure(?: \([Pp]assword mismatch\?\))?|Permission denied))$`,
    ),
    samples: {
      match: [
        [line('auth: sql(bob,203.0.113.9,<x>): Password mismatch'), '203.0.113.9'],
        [
          line('auth-worker(4711): pam(bob,2001:db8::9): pam_authenticate() failed: Authentication failure (password mismatch?)'),
          '2001:db8::9',
        ],
      ],
      miss: [line('auth: sql(bob,203.0.113.9,<x>): Password query failed: Not connected to database')],
      forged: [
        [line('auth: sql(x,192.0.2.1): Password mismatch,203.0.113.9,<x>): Password mismatch'), '203.0.113.9'],
        [line('auth: sql(bob,203.0.113.9): Password mismatch (given password: x,192.0.2.1): Password mismatch)'), null],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(`${login}(?:Login|Logged in): user=<(?<user>[^<>]+)>, ${client}`),
    samples: {
      match: [
        [
          line(`imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25, mpid=4711, TLS, session=<x>`),
          '198.51.100.7',
        ],
      ],
      miss: [line(`imap-login: Disconnected (auth failed, 1 attempts): user=<Login: user=>, rip=203.0.113.9, ${tail}`)],
      forged: [[line(`imap-login: Login: user=<a>, rip=192.0.2.1, x>, method=PLAIN, rip=203.0.113.9, ${tail}`), null]],
    },
  },
  {
    name: 'logged-out',
    weight: 0,
    session: 'closed',
    regex:
      /^(?:imap|pop3|managesieve|submission)\([^()]*\)<\d+><(?<session>[^<>]+)>: (?:Info: )?(?:Disconnected|Connection closed|Logged out)/,
    samples: {
      match: [
        [
          `${line(`imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25, mpid=4711, session=<x>`)}\n${line('imap(alice)<4711><x>: Disconnected: Logged out in=27 out=640')}`,
          '198.51.100.7',
        ],
      ],
      miss: [line('imap(alice)<4711><x>: Error: Mailbox INBOX: x')],
      forged: [
        [
          line(
            `imap-login: Disconnected (auth failed, 1 attempts): user=<imap(a)<1><x>: Disconnected>, rip=203.0.113.9, ${tail}`,
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
])
