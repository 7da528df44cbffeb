import type { Address } from '../base/address.ts'

const COLON = 58
const DOT = 46

/** The address in bytes, as `parseAddress` has it of a text; no string is made. Undefined for all but the strict forms. */
export function addressIn(bytes: Uint8Array, start: number, end: number): Address | undefined {
  // Either form has its first mark within five bytes.
  for (let at = start; at < end && at < start + 5; at++) {
    if (bytes[at] === DOT) return ipv4In(bytes, start, end)
    if (bytes[at] === COLON) return ipv6In(bytes, start, end)
  }
  return undefined
}

function ipv4In(bytes: Uint8Array, start: number, end: number): number | undefined {
  let address = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && octet === 0) return undefined // a leading zero
      octet = octet * 10 + digit
      if (octet > 255) return undefined
      digits++
    } else if (bytes[at] === DOT && digits > 0 && dots < 3) {
      address = address * 256 + octet
      octet = 0
      digits = 0
      dots++
    } else return undefined
  }
  return dots === 3 && digits > 0 ? address * 256 + octet : undefined
}

/** The groups of 16 bits of the address that is being read, then that address. */
const groups = new Uint16Array(8)
const whole = new DataView(new ArrayBuffer(16))

function ipv6In(bytes: Uint8Array, start: number, end: number): Address | undefined {
  let count = 0
  /** How many groups stand before `::`. */
  let gap = -1
  let at = start
  if (bytes[start] === COLON) {
    if (end - start < 2 || bytes[start + 1] !== COLON) return undefined
    gap = 0
    at += 2
  }
  while (at < end) {
    const from = at
    let group = 0
    for (let digit = 0; at < end; at++) {
      digit = hexadecimal(bytes[at]!)
      if (digit < 0) break
      group = group * 16 + digit
    }
    if (at < end && bytes[at] === DOT) {
      const last = ipv4In(bytes, from, end)
      if (last === undefined || count > 6) return undefined
      groups[count++] = last >>> 16
      groups[count++] = last & 0xffff
      break
    }
    if (at === from || at > from + 4 || count === 8) return undefined
    groups[count++] = group
    if (at === end) break
    if (bytes[at] !== COLON || ++at === end) return undefined
    if (bytes[at] !== COLON) continue
    if (gap >= 0) return undefined
    gap = count
    at++
  }
  if (gap < 0 ? count !== 8 : count === 8) return undefined
  return numberOf(gap < 0 ? 8 : gap, count)
}

/** The address of so many groups, with zeros behind the first `left` of them. */
function numberOf(left: number, count: number): Address {
  for (let i = 0; i < 8; i++) {
    const from = i < left ? i : i - 8 + count
    whole.setUint16(2 * i, from < left && i >= left ? 0 : groups[from]!)
  }
  const low = whole.getBigUint64(8)
  const high = whole.getBigUint64(0)
  if (high === 0n && whole.getUint32(8) === IPV4_MAPPED) return whole.getUint32(12)
  return (high << 64n) | low
}

const IPV4_MAPPED = 0xffff

function hexadecimal(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 0x20
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
