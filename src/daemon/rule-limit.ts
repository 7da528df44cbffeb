import type { Core } from '../core/core.ts'
import type { Fact } from '../core/model.ts'
import type { Generic } from '../rules/generic.ts'
import { Hackers } from '../rules/hackers.ts'
import { WifiTemp } from '../rules/wifi-temp.ts'
import { timeLimitOf } from './time-limit.ts'

/** How long a rule may take to answer; long, because it is only to be told from one that never does. */
export const ANSWER_MS_MAX = 1_000
/** How long is told under one limit, so that what is cut off is a call that took all the time by itself. */
const BATCH_MS_MAX = 20

export type TellFacts = (facts: readonly Fact[]) => void

/**
 * Tells the core facts in their order, and sees to it that no rule of the user's hangs us: what can reach one is told under a
 * limit of time, many facts under each, for one costs about 0.2 ms. The shipped rules have no loops.
 */
export function limitRules(core: Core, rules: ReadonlyMap<string, Generic>, limit = timeLimitOf(ANSWER_MS_MAX)): TellFacts {
  const own = new Set([...rules].filter(([, rule]) => !isShipped(rule)).map(([name]) => name))

  function mayAskOwn(facts: readonly Fact[]): boolean {
    if (own.size === 0) return false
    if (facts.some((fact) => fact.kind === 'hit' && own.has(fact.rule))) return true
    const wakeAt = core.nextWakeAt()
    return wakeAt !== undefined && facts.some(({ at }) => at >= wakeAt)
  }

  return (facts) => {
    if (!mayAskOwn(facts)) {
      for (const fact of facts) core.tell(fact)
      return
    }
    let told = 0
    const tellSome = () => {
      const endsAt = performance.now() + BATCH_MS_MAX
      do {
        core.tell(facts[told]!)
        told++
      } while (told < facts.length && performance.now() < endsAt)
    }
    while (told < facts.length) {
      if (limit(tellSome)) continue
      const became = core.goOn(limit)
      if (became === undefined) throw new CutOffError()
      if (became === 'told') told++
    }
  }
}

/** What the core holds is half changed; what was committed is not. */
export class CutOffError extends Error {
  constructor() {
    super(`this process stood still for ${ANSWER_MS_MAX} ms in the midst of a decision; it begins again with what is stored`)
    this.name = 'CutOffError'
  }
}

function isShipped(rule: Generic): boolean {
  return rule.constructor === Hackers || rule.constructor === WifiTemp
}
