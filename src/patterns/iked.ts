import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * OpenIKED of OpenBSD 6.9 to 7.8 and its portable kin, in the words of ikev2.c.
 *
 * Each line is led by the initiator's SPI, a number that ties a failure to the packet before it. IKE comes by UDP, and even
 * an encrypted message may have somebody else's source.
 *
 * Compared with the words in the program itself, 7.2.
 */
const info = { name: 'iked', prefix: new RegExp(String.raw`${stamp}iked(?:\[\d+\])?: spi=(?<session>0x[\da-f]{16}): `) }

const peer = String.raw`peer \[?(?<ip>[\da-fA-F:.]+)\]?:\d+`

const line = (message: string) => `Nov 21 10:00:00 vpn iked[4711]: spi=0x0123456789abcdef: ${message}`
const first = line("recv IKE_AUTH req 1 peer 203.0.113.9:4500 local 192.0.2.25:4500, 604 bytes, policy 'rw'")

export const iked = patternSet(info, [
  {
    name: 'received',
    weight: 0,
    spoofable: true,
    regex: new RegExp(String.raw`^recv [A-Z_]+ (?:req|res) \d+ ${peer} local `),
    samples: {
      match: [
        [first, '203.0.113.9'],
        [line("recv IKE_SA_INIT req 0 peer [2001:db8::9]:500 local [2001:db8::25]:500, 604 bytes, policy 'rw'"), '2001:db8::9'],
      ],
      miss: [line('send IKE_SA_INIT res 0 peer 203.0.113.9:500 local 192.0.2.25:500, 38 bytes')],
      forged: [
        [
          `${first}\n${line('ikev2_send_auth_failed: authentication failed for FQDN/recv IKE_AUTH req 1 peer 192.0.2.1:500 local x')}`,
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'auth-failed',
    weight: 20,
    spoofable: true,
    regex: /^ikev2_send_auth_failed: authentication failed for /,
    samples: {
      match: [[`${first}\n${line('ikev2_send_auth_failed: authentication failed for FQDN/bob')}`, '203.0.113.9']],
      miss: [line('ikev2_dispatch_cert: peer certificate is invalid')],
      forged: [[`${first}\n${line('ikev2_send_auth_failed: authentication failed for FQDN/peer 192.0.2.1:500')}`, '203.0.113.9']],
    },
  },
  {
    name: 'established',
    weight: -100,
    session: 'opened',
    regex: new RegExp(String.raw`^established ${peer}\[(?<user>[^\]]*)\] local `),
    samples: {
      match: [
        [
          line(
            "established peer 198.51.100.7:4500[FQDN/alice] local 192.0.2.25:4500[FQDN/vpn] policy 'rw' as responder (enc aes-256 group curve25519 prf hmac-sha2-256)",
          ),
          '198.51.100.7',
        ],
      ],
      miss: [line("recv IKE_AUTH req 1 peer 203.0.113.9:4500 local 192.0.2.25:4500, 604 bytes, policy 'rw'")],
      forged: [
        [
          line(
            "established peer 203.0.113.9:4500[FQDN/x] peer 192.0.2.1:5[y] local 192.0.2.25:4500[FQDN/vpn] policy 'rw' as responder (enc x)",
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'freed',
    weight: 0,
    session: 'closed',
    regex: /^sa_free: /,
    samples: {
      match: [[`${first}\n${line('sa_free: received delete')}`, '203.0.113.9']],
      miss: [line('sa_state: AUTH_SUCCESS -> VALID from 203.0.113.9:4500 to 192.0.2.25:4500')],
      forged: [
        [`${first}\n${line('ikev2_send_auth_failed: authentication failed for FQDN/sa_free: peer 192.0.2.1:5')}`, '203.0.113.9'],
      ],
    },
  },
])
