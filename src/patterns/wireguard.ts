import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * WireGuard of Linux 5.6 to 6.x. It is silent by design; with dynamic debugging on (`module wireguard +p`) the kernel says
 * who knocks without a key. All of it is UDP, whose source may be forged.
 */
const info = { name: 'wireguard', prefix: new RegExp(String.raw`${stamp}kernel: (?:\[ *\d+\.\d+\] ?)?wireguard: [\w.-]+: `) }

const line = (message: string) => `Nov 21 10:00:00 vpn kernel: [12345.678901] wireguard: wg0: ${message}`

export const wireguard = patternSet(info, [
  {
    // A peer whose key we took away comes again every five seconds.
    name: 'no-key',
    weight: 5,
    spoofable: true,
    regex:
      /^(?:Invalid MAC of handshake, dropping packet|Invalid handshake (?:initiation|response)) from \[?(?<ip>[\da-fA-F:.]+)\]?:\d+$/,
    samples: {
      match: [
        [line('Invalid handshake initiation from 203.0.113.9:50022'), '203.0.113.9'],
        [line('Invalid MAC of handshake, dropping packet from [2001:db8::9]:50022'), '2001:db8::9'],
      ],
      miss: [line('Receiving handshake initiation from peer 3 (203.0.113.9:50022)')],
      forged: [['Nov 21 10:00:00 vpn su: kernel: wireguard: wg0: Invalid handshake initiation from 192.0.2.1:5', null]],
    },
  },
])
