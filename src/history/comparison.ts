import { type Address, contains, parseNetwork, sourceNetwork } from '../base/address.ts'
import type { Until } from '../base/units.ts'
import type { BanDecision, Decision } from '../core/model.ts'

/** What a configuration made of some logs. */
export interface Outlook {
  readonly decisions: readonly Decision[]
  /** Sources of which a login was accepted. */
  readonly logins: ReadonlySet<Address>
}

/** A ban that one of two configurations came to, or both but not at the same time. */
export type Difference = { readonly address: string; readonly hasLoggedIn: boolean } & (
  | { readonly change: 'gained'; readonly before?: undefined; readonly after: BanDecision }
  | { readonly change: 'lost'; readonly before: BanDecision; readonly after?: undefined }
  | { readonly change: 'earlier' | 'later'; readonly before: BanDecision; readonly after: BanDecision }
)

export interface Comparison {
  /** By time, of equal times by address. */
  readonly differences: readonly Difference[]
  /** Bans that began at the same time. */
  readonly same: number
  readonly before: SideCounts
  readonly after: SideCounts
}

interface SideCounts {
  readonly bans: number
  readonly addresses: number
  /** Banned addresses, or networks that hold one, of which a login was accepted in the same logs: banned by mistake, it seems. */
  readonly falsePositives: readonly string[]
}

/**
 * What changes for whom when one configuration takes the place of another. Two bans of an address are one and the same
 * where they overlap in time, whatever their tables are called: each is paired with the first that overlaps it and is not
 * paired yet. Logins count that either of the two knows of.
 */
export function compare(before: Outlook, after: Outlook): Comparison {
  const logins = new Set([...before.logins, ...after.logins])
  const hasLoggedIn = memoized((address) => {
    const network = parseNetwork(address)!
    const isSource = network.bits === sourceNetwork(network.address).bits
    return isSource ? logins.has(network.address) : [...logins].some((source) => contains(network, source))
  })
  const [bansBefore, bansAfter] = [bansOf(before), bansOf(after)]
  const differences: Difference[] = []
  let same = 0
  for (const address of new Set([...bansBefore.keys(), ...bansAfter.keys()])) {
    const left = [...(bansAfter.get(address) ?? [])]
    const who = { address, hasLoggedIn: hasLoggedIn(address) }
    for (const one of bansBefore.get(address) ?? []) {
      const index = left.findIndex((other) => overlap(one, other))
      if (index < 0) {
        differences.push({ ...who, change: 'lost', before: one.ban })
        continue
      }
      const [other] = left.splice(index, 1)
      if (other!.ban.at === one.ban.at) same++
      else
        differences.push({ ...who, change: other!.ban.at < one.ban.at ? 'earlier' : 'later', before: one.ban, after: other!.ban })
    }
    for (const { ban } of left) differences.push({ ...who, change: 'gained', after: ban })
  }
  const at = ({ before, after }: Difference) => Math.min(before?.at ?? Infinity, after?.at ?? Infinity)
  differences.sort((a, b) => at(a) - at(b) || (a.address < b.address ? -1 : 1))
  return { differences, same, before: countsOf(bansBefore), after: countsOf(bansAfter) }

  function countsOf(bans: ReadonlyMap<string, readonly Lasted[]>): SideCounts {
    return {
      bans: [...bans.values()].reduce((sum, { length }) => sum + length, 0),
      addresses: bans.size,
      falsePositives: [...bans.keys()].filter(hasLoggedIn),
    }
  }
}

/** A ban and when it ended in truth. */
interface Lasted {
  readonly ban: BanDecision
  until: Until
}

/** By address, in the order of time. */
function bansOf({ decisions }: Outlook): ReadonlyMap<string, readonly Lasted[]> {
  const bans = new Map<string, Lasted[]>()
  for (const decision of decisions) {
    if (decision.kind === 'ban') {
      const own = bans.get(decision.address)
      const one = { ban: decision, until: decision.until }
      if (own) own.push(one)
      else bans.set(decision.address, [one])
    } else if (decision.kind === 'unban') {
      const { address, table, rule, at } = decision
      const ended = bans.get(address)?.findLast(({ ban }) => ban.table === table && ban.rule === rule)
      if (ended) ended.until = Math.min(ended.until, at)
    }
  }
  return bans
}

function overlap(a: Lasted, b: Lasted): boolean {
  return a.ban.at === b.ban.at || Math.max(a.ban.at, b.ban.at) < Math.min(a.until, b.until)
}

function memoized(of: (key: string) => boolean): (key: string) => boolean {
  const known = new Map<string, boolean>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) {
      value = of(key)
      known.set(key, value)
    }
    return value
  }
}
