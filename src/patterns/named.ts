import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * BIND 9.9 to 9.20: named in syslog and in files of its own, with and without category and severity.
 *
 * The client stands before everything that it asked for. A query comes by UDP, whose source is easily forged: more often
 * than not the address is the victim of a reflection, so those count little and lead to a short ban at most. A zone
 * transfer comes by TCP.
 *
 * Compared with the words in the program itself, 9.18.49.
 */
const info = {
  name: 'named',
  prefix: new RegExp(
    String.raw`(?:^\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d\.\d{3} |${stamp}(?:named\[\d+\]: )?)(?:[a-z-]+: )?(?:(?:info|notice|warning|error): )?`,
  ),
}

const client = String.raw`^client (?:@0x[\da-f]+ )?(?<ip>[\da-fA-F:.]+)#\d+(?:\/key \S+)?(?: \([^()]*\))?: (?:view [\w.-]+: )?`

const line = (message: string) => `Nov 21 10:00:00 ns named[4711]: ${message}`

export const named = patternSet(info, [
  {
    name: 'query-denied',
    weight: 5,
    spoofable: true,
    regex: new RegExp(String.raw`${client}query (?:\(cache\) )?'[^']*' denied`),
    samples: {
      match: [
        [line("client @0x7f6450002ef0 203.0.113.9#50022 (example.net): query (cache) 'example.net/A/IN' denied"), '203.0.113.9'],
        [line("client 2001:db8::9#50022: view external: query (cache) './NS/IN' denied"), '2001:db8::9'],
        [
          "21-Nov-2026 10:00:00.621 security: info: client 203.0.113.9#5 (x): query 'example.net/NS/IN' denied (allow-query-cache did not match)",
          '203.0.113.9',
        ],
      ],
      miss: [line('client 203.0.113.9#50022 (example.net): query: example.net IN A + (192.0.2.53)')],
      forged: [
        [
          line("client 203.0.113.9#5 (client 192.0.2.1#5): query (cache) 'client 192.0.2.1#5: query ./A/IN' denied"),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'transfer-denied',
    weight: 25,
    regex: new RegExp(`${client}(?:zone transfer '[^']*' denied|bad zone transfer request: '[^']*': )`),
    samples: {
      match: [
        [
          line("client @0x7f6450002ef0 203.0.113.9#50022 (example.org): zone transfer 'example.org/AXFR/IN' denied"),
          '203.0.113.9',
        ],
        [
          line("client 2001:db8::9#5 (x.example): bad zone transfer request: 'x.example/IN': non-authoritative zone (NOTAUTH)"),
          '2001:db8::9',
        ],
      ],
      miss: [line("client 203.0.113.9#50022 (example.org): transfer of 'example.org/IN': AXFR started (serial 4)")],
      forged: [
        [line("client 203.0.113.9#5 (client 192.0.2.1#5): zone transfer 'client 192.0.2.1#5/AXFR/IN' denied"), '203.0.113.9'],
      ],
    },
  },
  {
    // Windows does so by itself; whoever means harm has a key to guess.
    name: 'update-denied',
    weight: 2,
    spoofable: true,
    regex: new RegExp(`${client}(?:update '[^']*' denied|request has invalid signature: )`),
    samples: {
      match: [[line("client @0x7f6450002ef0 203.0.113.9#50022: update 'example.org/IN' denied"), '203.0.113.9']],
      miss: [line("client 203.0.113.9#50022: updating zone 'example.org/IN': adding an RR")],
      forged: [[line("client 203.0.113.9#5: update 'client 192.0.2.1#5: update x' denied"), '203.0.113.9']],
    },
  },
  {
    // What runs here, and in which version?
    name: 'version-asked',
    weight: 10,
    spoofable: true,
    regex: new RegExp(String.raw`${client}query: (?:version|hostname|authors)\.bind CH TXT `, 'i'),
    samples: {
      match: [
        [
          line('client @0x7f6450002ef0 203.0.113.9#50022 (version.bind): query: version.bind CH TXT + (192.0.2.53)'),
          '203.0.113.9',
        ],
      ],
      miss: [line('client 203.0.113.9#50022 (version.bind.example): query: version.bind.example IN TXT + (192.0.2.53)')],
      forged: [[line('client 203.0.113.9#5 (client 192.0.2.1#5): query: version.bind CH TXT + (192.0.2.53)'), '203.0.113.9']],
    },
  },
])
