import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * strongSwan 5.x and 6.0 (charon, charon-systemd), syslog and its own file, at the default level 1.
 *
 * IKE comes by UDP. What is said before a peer has answered may be forged, and so may the address of an encrypted message.
 * Which peer a refusal is about is told only where `ike_name = yes` puts the number of its IKE_SA into each line.
 *
 * Compared with the words in the program itself, 5.9.8.
 */
const info = {
  name: 'strongswan',
  prefix: new RegExp(
    String.raw`${stamp}(?:charon(?:-systemd|-nm)?(?:\[\d+\])?: )?\d+\[[A-Z]{3}\] (?:<(?:[^<>|]*\|)?(?<session>\d+)> )?`,
  ),
}

const line = (message: string) => `Nov 21 10:00:00 vpn charon[4711]: ${message}`
const then = (message: string) => `${line('05[IKE] <7> 203.0.113.9 is initiating an IKE_SA')}\n${line(message)}`

export const strongswan = patternSet(info, [
  {
    name: 'initiating',
    weight: 0,
    spoofable: true,
    regex: /^(?<ip>[\da-fA-F:.]+) is initiating an? (?:IKE_SA|Main Mode IKE_SA|Aggressive Mode IKE_SA)$/,
    samples: {
      match: [
        [line('05[IKE] <7> 203.0.113.9 is initiating an IKE_SA'), '203.0.113.9'],
        [line('05[IKE] 2001:db8::9 is initiating a Main Mode IKE_SA'), '2001:db8::9'],
      ],
      miss: [line('05[IKE] initiating IKE_SA home[1] to 203.0.113.9')],
      forged: [
        [
          line('05[CFG] <7> looking for peer configs matching 192.0.2.25[%any]...203.0.113.9[192.0.2.1 is initiating an IKE_SA]'),
          null,
        ],
      ],
    },
  },
  {
    name: 'not-for-us',
    weight: 10,
    spoofable: true,
    regex: /^no IKE config found for [\da-fA-F:.]{2,45}?\.\.\.(?<ip>[\da-fA-F:.]+), sending [A-Z_]+$/,
    samples: {
      match: [
        [line('05[IKE] <7> no IKE config found for 192.0.2.25...203.0.113.9, sending NO_PROPOSAL_CHOSEN'), '203.0.113.9'],
        [line('05[IKE] no IKE config found for 2001:db8::25...2001:db8::9, sending NO_PROPOSAL_CHOSEN'), '2001:db8::9'],
      ],
      miss: [line('05[CFG] no matching peer config found')],
      forged: [[line("05[CFG] selected peer config 'no IKE config found for 192.0.2.25...192.0.2.1, sending X'"), null]],
    },
  },
  {
    // Scanners of UDP ports send what is no IKE, or of a version that never was.
    name: 'not-ike',
    weight: 10,
    spoofable: true,
    regex: /^received unsupported IKE version [\d.]+ from (?<ip>[\da-fA-F:.]+), sending INVALID_MAJOR_VERSION$/,
    samples: {
      match: [
        [line('05[NET] received unsupported IKE version 9.9 from 203.0.113.9, sending INVALID_MAJOR_VERSION'), '203.0.113.9'],
      ],
      miss: [line('05[NET] received packet: from 203.0.113.9[500] to 192.0.2.25[500] (604 bytes)')],
      forged: [
        [
          line('05[NET] received unsupported IKE version 9.9 from 192.0.2.1 from 203.0.113.9, sending INVALID_MAJOR_VERSION'),
          null,
        ],
      ],
    },
  },
  {
    name: 'half-open',
    weight: 5,
    spoofable: true,
    regex: /^deleting half open IKE_SA with (?<ip>[\da-fA-F:.]+) after timeout$/,
    samples: {
      match: [[line('05[JOB] <7> deleting half open IKE_SA with 203.0.113.9 after timeout'), '203.0.113.9']],
      miss: [line('05[JOB] deleting half open IKE_SA after timeout')],
      forged: [[line('05[JOB] <7> deleting half open IKE_SA with 192.0.2.1 after timeout x'), null]],
    },
  },
  {
    name: 'auth-failed',
    weight: 20,
    spoofable: true,
    regex:
      /^(?:tried \d+ shared keys? for .* but MAC mismatched$|EAP method [A-Z\d_]+ failed for peer |EAP-MS-CHAPv2 verification failed, retry |no shared key found for |XAuth authentication of '.*' failed$)/,
    samples: {
      match: [
        [then("05[IKE] <rw|7> tried 1 shared key for 'vpn.example.org' - 'x', but MAC mismatched"), '203.0.113.9'],
        [then('05[IKE] <rw|7> EAP method EAP_MSCHAPV2 failed for peer bob'), '203.0.113.9'],
      ],
      miss: [line("05[IKE] <rw|7> authentication of 'alice' with EAP successful")],
      forged: [
        [
          then("05[IKE] <rw|7> tried 1 shared key for 'a' - '192.0.2.1 is initiating an IKE_SA', but MAC mismatched"),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'established',
    weight: -100,
    session: 'opened',
    regex: /^IKE_SA \S+\[\d+\] established between [\da-fA-F:.]+?\[[^[\]]*\]\.\.\.(?<ip>[\da-fA-F:.]+)\[(?<user>[^[\]]*)\]$/,
    samples: {
      match: [
        [
          line('05[IKE] <rw|7> IKE_SA rw[7] established between 192.0.2.25[vpn.example.org]...198.51.100.7[alice]'),
          '198.51.100.7',
        ],
      ],
      miss: [line('05[IKE] <rw|7> CHILD_SA rw{9} established with SPIs c1_i c2_o and TS 10.0.0.0/8 === 10.3.0.1/32')],
      forged: [[line('05[IKE] <rw|7> IKE_SA rw[7] established between 192.0.2.25[vpn]...203.0.113.9[x]...192.0.2.1[y]'), null]],
    },
  },
  {
    name: 'deleted',
    weight: 0,
    session: 'closed',
    regex: /^(?:IKE_SA deleted|deleting IKE_SA \S+\[\d+\] between )/,
    samples: {
      match: [
        [
          `${line('05[IKE] <rw|7> IKE_SA rw[7] established between 192.0.2.25[vpn]...198.51.100.7[alice]')}\n${line('05[IKE] <rw|7> IKE_SA deleted')}`,
          '198.51.100.7',
        ],
      ],
      miss: [line('05[IKE] <rw|7> received DELETE for IKE_SA rw[7]')],
      forged: [[line('05[CFG] <7> looking for peer configs matching x...203.0.113.9[IKE_SA deleted]'), null]],
    },
  },
])
