import { formatNetwork, type Network } from '../base/address.ts'
import { type Instant, SECOND_MS } from '../base/units.ts'
import type { Entry } from '../core/model.ts'

/** What must be done to a table, and what is left alone. */
export interface Plan {
  /** Entries that are not there. */
  readonly add: readonly Entry[]
  /** Entries that are there with another end. */
  readonly renew: readonly Entry[]
  /** Entries of ours that should not be there. */
  readonly delete: readonly Network[]
  /** Entries that somebody else put in; they are kept. */
  readonly strange: readonly Entry[]
}

export interface PlanOptions {
  readonly now: Instant
  /** True for what we put in ourselves, by its canonical text. */
  isOurs(key: string): boolean
  /** The longest time after which the firewall ends an entry by itself; see `Dialect.timeoutMsMax`. */
  readonly timeoutMsMax: number | undefined
  /** How far two ends may be from each other and still be the same. */
  readonly toleranceMs: number
}

/** Firewalls tell the rest of a time in whole seconds, and it takes a moment to tell them. */
export const END_TOLERANCE_MS = 2 * SECOND_MS

/**
 * Compares what a table must hold (by canonical text of the network) with what it holds.
 *
 * Ends beyond half the firewall's longest timeout are all alike: they cannot be given to it as they are, and are asserted
 * again when they come nearer. Where the firewall ends nothing by itself, ends do not matter at all.
 */
export function plan(wanted: ReadonlyMap<string, Entry>, present: readonly Entry[], options: PlanOptions): Plan {
  const { now, isOurs, timeoutMsMax, toleranceMs } = options
  const horizon = timeoutMsMax === undefined ? now : now + timeoutMsMax / 2
  const renew: Entry[] = []
  const removed: Network[] = []
  const strange: Entry[] = []
  const seen = new Set<string>()
  for (const entry of present) {
    const key = formatNetwork(entry.network)
    seen.add(key)
    const want = wanted.get(key)
    if (want) {
      if (Math.abs(Math.min(want.until, horizon) - Math.min(entry.until, horizon)) > toleranceMs) renew.push(want)
    } else if (isOurs(key)) removed.push(entry.network)
    else strange.push(entry)
  }
  const add: Entry[] = []
  for (const [key, entry] of wanted) if (!seen.has(key)) add.push(entry)
  return { add, renew, delete: removed, strange }
}
