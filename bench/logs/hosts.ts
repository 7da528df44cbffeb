import type { Random } from './random.ts'

/** Where the lines come from: who attacks, who may come in, and whom an attacker would like to see banned. */
export interface Hosts {
  /** An attacker, few of them often and most of them seldom; `address()` is asked for each connection. */
  attacker(): Host
  /** One that attacks from the same address for a long time, and slowly. */
  slowAttacker(): Host
  visitor(): Host
  /** An address that never connects. Whoever bans it was deceived. */
  victim(): string
}

export interface Host {
  /** The address of its next connection: an IPv6 host takes another one of its /64 each time. */
  address(): string
}

/** All the victims are in the networks for documentation, of which the generator makes no other address. */
const VICTIM_NETWORKS = ['192.0.2', '198.51.100', '203.0.113']

/** Hosts drawn with `random`, from a population fit for a log of that many lines. */
export function hosts(random: Random, lines: number): Hosts {
  const octaves = Math.max(8, 30 - Math.clz32(lines))
  return {
    attacker: () => host(random, random.rank(octaves), 1),
    slowAttacker: () => host(random, random.below(2 ** 20), 2),
    visitor: () => host(random, random.rank(octaves), 3),
    victim: () => `${random.pick(VICTIM_NETWORKS)}.${random.between(1, 254)}`,
  }
}

function host(random: Random, rank: number, kind: number): Host {
  const h = mixed(rank * 4 + kind)
  if (h % 20 !== 0) {
    const address = publicIPv4(h)
    return { address: () => address }
  }
  const network = `2a0${(h >>> 8) & 7}:${((h >>> 12) & 0xfff).toString(16)}:${(mixed(h) & 0xff).toString(16)}:${((mixed(h) >>> 8) & 3).toString(16)}`
  return {
    address: () => `${network}:${(random.below(0xefff) + 0x1000).toString(16)}:ff:fe00:${(random.below(0xfff) + 1).toString(16)}`,
  }
}

/** A public unicast address: no private, shared, reserved or documentation network. */
export function publicIPv4(seed: number): string {
  for (let h = seed; ; h = mixed(h + 1)) {
    const [a, b, c, d] = [h >>> 24, (h >>> 16) & 255, (h >>> 8) & 255, h & 255] as const
    if (a === 0 || a === 10 || a === 127 || a >= 224 || d === 0 || d === 255) continue
    if ((a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32)) continue
    if ((a === 192 && (b === 168 || b === 0)) || (a === 198 && (b === 18 || b === 19 || b === 51)) || (a === 203 && b === 0))
      continue
    return `${a}.${b}.${c}.${d}`
  }
}

/** 32 bits that look random but depend on the argument alone (the finaliser of MurmurHash3). */
export function mixed(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
