import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * MariaDB 5.5 to 12 and MySQL 5.5 to 9: the error log, in its file or through syslog or the journal. MySQL tells failed logins
 * with `log_error_verbosity=3` only, MariaDB with `log_warnings=2` (its default). With `skip_name_resolve` hosts are
 * addresses; where they are names, lines say nothing to us. The name comes before the address, and what follows is the
 * server's own, so the line must end there.
 *
 * Compared with the words in the program itself, MariaDB 10.11.
 */
const info = {
  name: 'mysql',
  // 130324  0:04:00 (5.5), 2015-10-07  8:25:38 140 (5.6, MariaDB), 2016-02-24T15:26:18.237955Z 6 (5.7 and later).
  prefix: new RegExp(
    String.raw`(?:${stamp}(?:mysqld|mariadbd)(?:\[\d+\])?: |^)(?:\d{6} |\d{4}-\d\d-\d\d[T ])[ \d]?\d:\d\d:\d\d(?:\.\d{1,6}Z?)? (?:\d+ )?\[(?:Warning|Note)\] (?:\[MY-\d+\] \[Server\] )?`,
  ),
}

const line = (message: string) => `2026-11-21 10:00:00 4711 [Warning] ${message}`

export const mysql = patternSet(info, [
  {
    name: 'access-denied',
    weight: 20,
    regex:
      /^Access denied for user '(?<user>.*)'@'(?<ip>[\da-fA-F:.]+)'(?: \(using password: (?:YES|NO)\)| to database '[^']*')?$/,
    samples: {
      match: [
        [line("Access denied for user 'root'@'203.0.113.9' (using password: YES)"), '203.0.113.9'],
        ["261121  8:00:00 [Warning] Access denied for user 'root'@'203.0.113.9' (using password: NO)", '203.0.113.9'],
        [
          "2026-11-21T10:00:00.123456Z 113 [Note] [MY-010926] [Server] Access denied for user 'root'@'2001:db8::9' (using password: YES)",
          '2001:db8::9',
        ],
        [
          "Nov 21 10:00:00 db mariadbd[815]: 2026-11-21 10:00:00 5 [Warning] Access denied for user ''@'203.0.113.9' (using password: NO)",
          '203.0.113.9',
        ],
      ],
      miss: [
        line("Access denied for user 'root'@'localhost' (using password: YES)"),
        line("Access denied for user 'root'@'203.0.113.9' (using password: YES) and more"),
      ],
      forged: [
        [line("Access denied for user 'x'@'192.0.2.1' (using password: NO)'@'203.0.113.9' (using password: YES)"), '203.0.113.9'],
        [line("Access denied for user 'x'@'192.0.2.1' to database 'y'@'203.0.113.9' (using password: YES)"), '203.0.113.9'],
      ],
    },
  },
  {
    // A look at the port, or a client that broke off: a monitor does so too.
    name: 'not-authenticated',
    weight: 2,
    regex:
      /^Aborted connection \d+ to db: 'unconnected' user: 'unauthenticated' host: '(?<ip>[\da-fA-F:.]+)' \([A-Za-z ,.]+\)\.?$/,
    samples: {
      match: [
        [
          line(
            "Aborted connection 5 to db: 'unconnected' user: 'unauthenticated' host: '203.0.113.9' (This connection closed normally without authentication)",
          ),
          '203.0.113.9',
        ],
      ],
      miss: [
        line("Aborted connection 5 to db: 'shop' user: 'shop' host: '203.0.113.9' (Got an error reading communication packets)"),
      ],
      forged: [
        [
          line(
            "Aborted connection 5 to db: 'unconnected' user: 'unauthenticated' host: '192.0.2.1' (x)' host: '203.0.113.9' (Got timeout)",
          ),
          null,
        ],
      ],
    },
  },
])
