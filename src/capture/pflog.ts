import type { PfLog } from './logged-packet.ts'

/**
 * struct pfloghdr of net/if_pflog.h begins alike on all systems:
 *
 *     0 length  1 family  2 action  3 reason  4 interface[16]  20 ruleset[16]  36 rule  40 subrule
 *
 * The numbers are big-endian; a subrule of 2^32-1 is none. What follows depends on the system, and the length tells it:
 *
 * - 45: the direction at 44 (OpenBSD 3.4 to 3.8, FreeBSD 5.3 to 6).
 * - 61: user and process ids at 44 to 59, the direction at 60 (OpenBSD 3.9 to 4.8, FreeBSD 7 to 13.0, NetBSD's pf, NetBSD's
 *   npf in if_npflog.h, DragonFly, macOS).
 * - 69: the same, then at 64 the rule's identifier (FreeBSD 13.1 and later).
 * - 100: the same, then 61 rewritten, 62 the family after translation, 64 to 99 addresses and ports (OpenBSD 4.9 and later).
 *   Where a packet was translated between the families, its header may be of either.
 *
 * The packet begins at the next multiple of 4; in all of these lengths one of 8 makes no difference that matters, as a
 * header that is wrong about it has no IP version behind it.
 */
const OLD_BYTES = 45
const OLD_DIRECTION = 44
const COMMON_BYTES = 61
const DIRECTION = 60
const TRANSLATED_BYTES = 100
const TRANSLATED_FAMILY = 62
const NO_SUBRULE = 0xffffffff

/** AF_INET is 2 everywhere; AF_INET6 is 24 on OpenBSD and NetBSD, 28 on FreeBSD and DragonFly, 30 on macOS. */
const versionOf: Readonly<Record<number, 4 | 6>> = { 2: 4, 24: 6, 28: 6, 30: 6 }

/** PFRES_ of net/pfvar.h. */
const reasons = [
  'match',
  'bad-offset',
  'fragment',
  'short',
  'normalize',
  'memory',
  'bad-timestamp',
  'congestion',
  'ip-option',
  'proto-cksum',
  'state-mismatch',
  'state-insert',
  'state-limit',
  'src-limit',
  'synproxy',
]

/** PF_PASS and its like, of net/pfvar.h; those from 11 on are of OpenBSD and newer FreeBSD. */
const actions = [
  'pass',
  'block',
  'scrub',
  'noscrub',
  'nat',
  'nonat',
  'binat',
  'nobinat',
  'rdr',
  'nordr',
  'synproxy-drop',
  'defer',
  'match',
  'divert',
  'rt',
  'afrt',
]

const directions = ['in/out', 'in', 'out']

/** The header, and where the IP packet begins; undefined where there is none, or it contradicts the packet behind it. */
export function decodePflog(bytes: Buffer): { readonly by: PfLog; readonly packetAt: number } | undefined {
  const length = bytes[0] ?? 0
  const packetAt = (length + 3) & ~3
  if (length < OLD_BYTES || packetAt >= bytes.length) return undefined
  if (length > OLD_BYTES && length < COMMON_BYTES) return undefined
  const version = bytes[packetAt]! >> 4
  const isTranslated = length >= TRANSLATED_BYTES && versionOf[bytes[TRANSLATED_FAMILY]!] === version
  if (versionOf[bytes[1]!] !== version && !isTranslated) return undefined
  const subrule = bytes.readUInt32BE(40)
  return {
    by: {
      rule: bytes.readUInt32BE(36),
      ruleset: nameAt(bytes, 20),
      subrule: subrule === NO_SUBRULE ? undefined : subrule,
      reason: bytes[3]!,
      action: wordOf(actions, bytes[2]!),
      direction: wordOf(directions, bytes[length === OLD_BYTES ? OLD_DIRECTION : DIRECTION]!),
      interface: nameAt(bytes, 4),
    },
    packetAt,
  }
}

/** `0(match)`. */
export function reasonWords(reason: number): string {
  return reason < reasons.length ? `${reason}(${reasons[reason]})` : `unkn(${reason})`
}

function wordOf(words: readonly string[], number: number): string {
  return words[number] ?? `unkn(${number})`
}

/** A name of at most 15 bytes, ended by a zero byte; what no name has becomes `?`. */
function nameAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('latin1', at, end < 0 || end > at + 16 ? at + 16 : end).replace(/[^\w.:@/-]/g, '?')
}
