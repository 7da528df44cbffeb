import { bitsOf, formatAddress, formatNetwork, networkOf, parseAddress, parseNetwork } from './address.ts'
import { escapeText } from './escape.ts'

/** How much of a wrong text is repeated in the message. */
const SHOWN_CHARACTERS_MAX = 60

/**
 * What is wrong with a text that should be an address or a network, and what to write instead; undefined where nothing is.
 * The message begins with the text itself, escaped: `1.2.3: an IPv4 address has four numbers`.
 */
export function explainAddress(text: string): string | undefined {
  if (parseNetwork(text)) return undefined
  if (text.trim() === '') return 'an empty text is no address'
  const shown = text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text
  return `${escapeText(shown)}: ${faultOf(text)}`
}

function faultOf(text: string): string {
  if (/\s/.test(text)) return parseNetwork(text.trim()) ? 'there is white space around it' : 'an address has no white space in it'
  if (/[^\x21-\x7e]/.test(text)) return 'an address is made of ASCII letters, digits, dots and colons'
  if (text.startsWith('!')) return `"!" means nothing here${writeInstead(text.slice(1))}`
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(text)
  if (bracketed)
    return `${bracketed[2] ? 'brackets and a port' : 'brackets'} are no part of an address${writeInstead(bracketed[1]!)}`
  if (text.includes('%')) return zoneFault(text)
  const slash = text.indexOf('/')
  if (slash >= 0) return networkFault(text.slice(0, slash), text.slice(slash + 1))
  const dash = text.indexOf('-')
  if (dash >= 0 && parseAddress(text.slice(0, dash)) !== undefined) return 'a range; write it as networks, such as 192.0.2.0/24'
  return addressFault(text)
}

function zoneFault(text: string): string {
  const [address, zone] = text.split('%', 2) as [string, string]
  return `an address with a zone (%${zone}) holds on one interface only and cannot be in a table${writeInstead(address)}`
}

function networkFault(text: string, length: string): string {
  const address = parseAddress(text)
  if (address === undefined) {
    const octets = text.split('.')
    const filled = [...octets, '0', '0', '0'].slice(0, 4).join('.')
    return `${addressFault(text)}${octets.length < 4 ? writeInstead(`${filled}/${length}`) : ''}`
  }
  if (text.includes(':') && typeof address === 'number') {
    return `an IPv4 address written as IPv6${writeInstead(`${formatAddress(address)}/${Number(length) - 96}`)}`
  }
  const bitsMax = bitsOf(address)
  const mask = parseAddress(length)
  if (typeof mask === 'number') {
    const bits = 32 - Math.clz32(~mask >>> 0)
    const prefixBits = 32 - bits
    const isMask = prefixBits === 32 || (mask | (2 ** bits - 1)) >>> 0 === 0xffffffff
    return `a network ends in its length, not in a mask${isMask ? writeInstead(`${text}/${prefixBits}`) : ''}`
  }
  if (!/^\d+$/.test(length)) return `a network ends in its length, a number from 0 to ${bitsMax}`
  const bits = Number(length)
  if (bits > bitsMax) return `the length of an IPv${bitsMax === 32 ? 4 : 6} network is at most ${bitsMax}`
  if (length.length > 1 && length.startsWith('0')) return `the length has a leading zero${writeInstead(`${text}/${bits}`)}`
  return `host bits are set; did you mean ${formatNetwork(networkOf(address, bits))} or ${formatAddress(address)}?`
}

function addressFault(text: string): string {
  if (text.includes(':')) return ipv6Fault(text)
  const numbers = text.split('.')
  if (numbers.every((number) => /^\d+$/.test(number))) return ipv4Fault(text, numbers)
  if (numbers.length > 1 && numbers.at(-1) === '*') {
    const known = numbers.filter((number) => number !== '*')
    return `"*" means nothing in an address${writeInstead(`${[...known, '0', '0', '0'].slice(0, 4).join('.')}/${known.length * 8}`)}`
  }
  if (/^0[xX][0-9a-fA-F]*$/.test(numbers[0]!)) return 'hexadecimal numbers are not understood; write four decimal numbers'
  if (numbers.some((number) => number === '')) return 'an IPv4 address has four numbers with one dot between them'
  if (/[a-z]/i.test(text)) return 'a name; names are never resolved, give the address'
  return 'no IPv4 address (192.0.2.7), IPv6 address (2001:db8::7) or network (192.0.2.0/24)'
}

function ipv4Fault(text: string, numbers: readonly string[]): string {
  if (numbers.length === 1 && Number(text) > 255 && Number(text) < 2 ** 32 && !text.startsWith('0')) {
    return `a number alone is no address${writeInstead(formatAddress(Number(text)))}`
  }
  if (numbers.length !== 4) return 'an IPv4 address has four numbers'
  const decimal = numbers.map((number) => Number(number))
  const tooLarge = decimal.find((number) => number > 255)
  if (tooLarge !== undefined) return `${tooLarge} is more than 255`
  return `a number with a leading zero is read as octal by some tools${writeInstead(decimal.join('.'))}`
}

function ipv6Fault(text: string): string {
  const withPort = /^([^:]+):\d{1,5}$/.exec(text)
  if (withPort && parseAddress(withPort[1]!) !== undefined) return `a port is no part of an address${writeInstead(withPort[1]!)}`
  if (text.includes(':::') || text.split('::').length > 2) return 'an IPv6 address has "::" at most once'
  const groups = text.split(':').filter((group) => group !== '')
  const last = groups.at(-1)
  if (last?.includes('.')) {
    if (parseAddress(last) === undefined) return `at its end, ${last}: ${addressFault(last)}`
    groups.splice(-1, 1, '0', '0')
  }
  const bad = groups.find((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))
  if (bad !== undefined) return `"${bad}" is no group of an IPv6 address: one to four hexadecimal digits`
  if (groups.length > 8) return 'an IPv6 address has at most eight groups'
  if (text.includes('::'))
    return groups.length === 8 ? '"::" stands for at least one group, and there are eight' : '"::" is in the wrong place'
  return groups.length < 8 ? 'an IPv6 address has eight groups, or "::" for those that are zero' : 'a colon is in the wrong place'
}

/** `; write 192.0.2.7`, or nothing where that would be wrong again. */
function writeInstead(text: string): string {
  const network = parseNetwork(text)
  return network ? `; write ${formatNetwork(network)}` : ''
}
