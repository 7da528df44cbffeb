/** Reads addresses, only those in the strict forms, as `address-in.ts` does where there is no WebAssembly. */

/** What `readAddress` gives: no address, or how many bytes it has. */
export const NO_ADDRESS: u32 = 0
const IPV4: u32 = 4
const IPV6: u32 = 16
/** No IPv4 address. */
const NONE: i64 = -1

/** From 0.0.0.0 to 255.255.255.255. */
const IPV4_BYTES_MIN: u32 = 7
const IPV4_BYTES_MAX: u32 = 15
const NO_OCTET: u32 = 256

const COLON: u8 = 58
const DOT: u8 = 46
/** The groups of 16 bits of the address that is being read. */
const groups: usize = memory.data(16, 16)

/**
 * Writes the address that the bytes `[start, end)` are: of IPv4 one word of 32 bits, of IPv6 16 bytes in the order of the
 * network. IPv4 in IPv6 (::ffff:192.0.2.1) is IPv4. Sixteen bytes before them and behind them can be read, whatever they are.
 */
export function readAddress(start: usize, end: usize, to: usize): u32 {
  const address = readIpv4(start, end)
  if (address === NONE) return readIpv6(start, end, to)
  store<u32>(to, address as u32)
  return IPV4
}

/** Without a branch for each byte, as nobody can foretell how many digits come. */
function readIpv4(start: usize, end: usize): i64 {
  const length = (end - start) as u32
  if (length < IPV4_BYTES_MIN || length > IPV4_BYTES_MAX) return NONE
  const bytes = v128.load(start)
  const within: u32 = (1 << length) - 1
  const dots: u32 = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(DOT))) & within
  const digits: u32 = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(48)), i8x16.splat(10))) & within
  if ((dots | digits) !== within || popcnt(dots) !== 3) return NONE
  const first = ctz(dots)
  const second = ctz(dots & (dots - 1))
  const third = 31 - clz(dots)
  const a = readOctet(start + first, first)
  const b = readOctet(start + second, second - first - 1)
  const c = readOctet(start + third, third - second - 1)
  const d = readOctet(end, length - third - 1)
  if ((a | b | c | d) > 255) return NONE
  return ((a << 24) | (b << 16) | (c << 8) | d) as i64
}

/** The number of so many digits that end there; over 255 where it is none, or begins with a zero that is not all of it. */
function readOctet(end: usize, digits: u32): u32 {
  if (digits - 1 > 2) return NO_OCTET
  const shift = 32 - (digits << 3)
  const word = ((load<u32>(end - 4) & 0x0f0f0f0f) >> shift) << shift
  const value = (word >> 24) + 10 * ((word >> 16) & 15) + 100 * ((word >> 8) & 15)
  // The least that so many digits are: 0, 10, 100.
  const least: u32 = (0x640a00 >> ((digits - 1) << 3)) & 0xff
  return value < least ? NO_OCTET : value
}

function readIpv6(start: usize, end: usize, to: usize): u32 {
  let count: usize = 0
  /** How many groups stand before `::`. */
  let gap: i32 = -1
  let at = start
  if (start < end && load<u8>(start) === COLON) {
    if (end - start < 2 || load<u8>(start, 1) !== COLON) return NO_ADDRESS
    gap = 0
    at += 2
  }
  while (at < end) {
    const from = at
    let group: u32 = 0
    for (; at < end; at++) {
      const digit = hexadecimal(load<u8>(at))
      if (digit < 0) break
      group = (group << 4) | digit
    }
    if (at < end && load<u8>(at) === DOT) {
      const last = readIpv4(from, end)
      if (last === NONE || count > 6) return NO_ADDRESS
      put(count++, (last as u32) >>> 16)
      put(count++, last as u32)
      break
    }
    if (at === from || at > from + 4 || count === 8) return NO_ADDRESS
    put(count++, group)
    if (at === end) break
    if (load<u8>(at) !== COLON || ++at === end) return NO_ADDRESS
    if (load<u8>(at) !== COLON) continue
    if (gap >= 0) return NO_ADDRESS
    gap = count as i32
    at++
  }
  if (gap < 0 ? count !== 8 : count === 8) return NO_ADDRESS
  return writeIpv6(gap < 0 ? 8 : gap, count, to)
}

/** Writes the address of so many groups, with zeros behind the first `left` of them. */
function writeIpv6(left: usize, count: usize, to: usize): u32 {
  for (let i: usize = 0; i < 8; i++) {
    let group: u32 = 0
    if (i < left) group = load<u16>(groups + (i << 1))
    else if (i + count >= 8 + left) group = load<u16>(groups + ((i + count - 8) << 1))
    store<u16>(to + (i << 1), bswap<u16>(group as u16))
  }
  if (load<u64>(to) !== 0 || load<u32>(to, 8) !== 0xffff0000) return IPV6
  store<u32>(to, bswap<u32>(load<u32>(to, 12)))
  return IPV4
}

function put(index: usize, group: u32): void {
  store<u16>(groups + (index << 1), group as u16)
}

function hexadecimal(byte: u8): i32 {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 0x20
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
