import type { Address } from './address.ts'

/** Stands in the upper half of the key of an IPv4 source; no unicast IPv6 source begins with ffff:ffff. */
const IPV4_MARK = 0xffffffff

/** A source is told from all others by 64 bits, as two numbers of 32 bits that typed arrays can hold: this is the upper one. */
export function keyHigh(source: Address): number {
  return typeof source === 'number' ? IPV4_MARK : Number(source >> 96n)
}

export function keyLow(source: Address): number {
  return typeof source === 'number' ? source : Number((source >> 64n) & 0xffffffffn)
}

export function sourceOfKey(high: number, low: number): Address {
  return high === IPV4_MARK ? low : (BigInt(high) << 96n) | (BigInt(low) << 64n)
}

/** 32 bits: murmur3's finalizer over both halves. */
export function hashKey(high: number, low: number): number {
  let h = Math.imul(high, 0x9e3779b1) ^ low
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
