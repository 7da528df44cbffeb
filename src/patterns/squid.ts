import { patternSet } from '../matching/pattern.ts'

/**
 * Squid 3.5 to 7: access.log in its own format (`logformat squid`). The client is the third field, before all that it asks
 * for, and Squid writes blanks in URLs as `%20`.
 *
 * Who is refused may be one of our own who asked for what is not allowed; strangers who look for an open proxy ask for the
 * same few pages again and again, or for another protocol.
 *
 * Compared with the words in the program itself, 5.7.
 */
const info = { name: 'squid' }

const client = String.raw`^\d+\.\d{3} +\d+ (?<ip>[\da-fA-F:.]+) `

const line = (result: string, request: string) =>
  `1795255200.000      4 203.0.113.9 ${result} 4099 ${request} - HIER_NONE/- text/html`

export const squid = patternSet(info, [
  {
    name: 'denied',
    weight: 5,
    regex: new RegExp(String.raw`${client}TCP_DENIED(?:_ABORTED)?\/403 \d+ (?<method>[A-Z]+) `),
    samples: {
      match: [
        [line('TCP_DENIED/403', 'GET http://www.example.net/azenv.php'), '203.0.113.9'],
        [line('TCP_DENIED/403', 'CONNECT www.example.net:443').replace('203.0.113.9', '2001:db8::9'), '2001:db8::9'],
      ],
      miss: [line('TCP_DENIED/407', 'GET http://www.example.net/'), line('TCP_MISS/403', 'GET http://www.example.net/')],
      forged: [[line('TCP_DENIED/403', 'GET http://x/%20192.0.2.1%20TCP_DENIED/403'), '203.0.113.9']],
    },
  },
  {
    name: 'invalid-request',
    weight: 20,
    regex: new RegExp(
      String.raw`${client}(?:NONE|NONE_NONE|TAG_NONE)\/40[05] \d+ \S+ error:(?:invalid-request|method-not-allowed)`,
    ),
    samples: {
      match: [
        [line('NONE/405', 'CONNECT error:method-not-allowed'), '203.0.113.9'],
        [line('NONE_NONE/400', 'NONE error:invalid-request'), '203.0.113.9'],
      ],
      miss: [line('NONE_NONE/000', 'NONE error:transaction-end-before-headers')],
      forged: [[line('NONE_NONE/400', 'NONE error:invalid-request%20192.0.2.1'), '203.0.113.9']],
    },
  },
])
