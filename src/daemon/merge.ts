import type { HitFact, SavedPosition } from '../core/model.ts'
import type { ReadBlock } from './log-reader.ts'

/** One log among several: gives its next block of facts, or undefined when it has none for now. */
export interface Lane {
  next(): ReadBlock | undefined
}

/** What to tell the core next: facts in the order of time, and a position once all facts before it have been told. */
export type Merged =
  | { readonly kind: 'hit'; readonly hit: HitFact }
  | { readonly kind: 'position'; readonly position: SavedPosition }

/**
 * Brings the facts of several logs into one order: by time, of equal times the earlier lane first, within a lane by
 * position. Ends when no lane has anything more.
 */
export function* merge(lanes: readonly Lane[]): Generator<Merged, void, undefined> {
  const pending: { readonly lane: Lane; block: ReadBlock; told: number }[] = []
  for (const lane of lanes) {
    const block = lane.next()
    if (block) pending.push({ lane, block, told: 0 })
  }
  while (pending.length > 0) {
    let first = 0
    for (let i = 1; i < pending.length; i++) if (nextTime(pending[i]!) < nextTime(pending[first]!)) first = i
    const one = pending[first]!
    const hit = one.block.hits[one.told++]
    if (hit) yield { kind: 'hit', hit }
    if (one.told < one.block.hits.length) continue
    yield { kind: 'position', position: one.block.position }
    const block = one.lane.next()
    if (block) Object.assign(one, { block, told: 0 })
    else pending.splice(first, 1)
  }
}

/** When the next fact of a block happened; a block without any is done with at once. */
function nextTime({ block, told }: { block: ReadBlock; told: number }): number {
  return block.hits[told]?.at ?? Number.NEGATIVE_INFINITY
}
