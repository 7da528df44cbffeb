import { formatAddress } from '../../src/base/address.ts'

/** What an address must score to be banned, at a point a line. */
export const THRESHOLD = 10

/**
 * How many lines an address gets in all: exactly what bans it, one less, some more while it is banned, half of it. So one
 * line that is lost or counted twice changes who is banned.
 */
const quotas = [THRESHOLD, THRESHOLD - 1, THRESHOLD + 5, THRESHOLD / 2]
const GROUP_ADDRESSES = 200
const FIRST_ADDRESS = 0x0b000000

/** The addresses of a group get their lines in turn; a group takes longer than the daemon lives between two kills. */
const turns: readonly number[] = Array.from({ length: Math.max(...quotas) }, (_, turn) => turn).flatMap((turn) =>
  Array.from({ length: GROUP_ADDRESSES }, (_, i) => i).filter((i) => quotas[i % quotas.length]! > turn),
)

/** Whose line it is, by its number; numbers begin with 1. */
function addressOf(number: number): string {
  const group = Math.floor((number - 1) / turns.length)
  return formatAddress(FIRST_ADDRESS + group * 256 + turns[(number - 1) % turns.length]!)
}

export function lineOf(number: number, at: number): string {
  return `${new Date(at).toISOString()} host app[4711]: number ${number} from ${addressOf(number)} refused`
}

/** The pattern of such lines, as it stands in parameters.ts. */
export const PATTERN = `{ name: 'numbered', weight: 1, regex: /^\\S+ host app\\[\\d+\\]: number \\d+ from (?<ip>\\S+) refused$/ }`

const numbered = /^(\S+) host app\[4711\]: number (\d+) from (\S+) refused$/

/** Undefined where it is not such a line, or not as it was written. */
export function numberIn(line: string): number | undefined {
  const [, time, number, address] = numbered.exec(line) ?? []
  if (time === undefined || addressOf(Number(number)) !== address) return undefined
  return Number(number)
}

/** Who must be banned once these lines, and no others, have been counted. */
export function bannedBy(numbers: Iterable<number>): Set<string> {
  const counts = new Map<string, number>()
  for (const number of numbers) counts.set(addressOf(number), (counts.get(addressOf(number)) ?? 0) + 1)
  return new Set([...counts].filter(([, count]) => count >= THRESHOLD).map(([address]) => address))
}
