import type { HitFact, SavedPosition } from '../core/model.ts'
import type { ReadBlock } from './log-reader.ts'

/** One log among several. */
export interface Lane {
  /** The facts of its next block; `later` when they are still to come, undefined when the log has no more (for now). */
  next(): ReadBlock | 'later' | undefined
}

/** What to tell the core next. */
export type Merged =
  | { readonly kind: 'hit'; readonly hit: HitFact }
  /** All facts before this position of a log have been told. */
  | { readonly kind: 'position'; readonly position: SavedPosition }
  /** A log has to be waited for; go on when it is ready. */
  | { readonly kind: 'wait' }

/** A lane with the block that it is at, and how many of its hits have been told. */
interface Head {
  readonly lane: Lane
  block: ReadBlock | undefined
  told: number
}

/**
 * Brings the facts of several logs into one order: by time, of equal times the earlier lane first, within a lane by
 * position.
 */
export class Merge {
  readonly #lanes: Head[]

  constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes.map((lane) => ({ lane, block: undefined, told: 0 }))
  }

  /** The next step; undefined when no lane has anything more. */
  next(): Merged | undefined {
    let first: Head | undefined
    for (let i = 0; i < this.#lanes.length; i++) {
      const lane = this.#lanes[i]!
      if (!lane.block) {
        const block = lane.lane.next()
        if (block === 'later') return { kind: 'wait' }
        if (!block) {
          this.#lanes.splice(i--, 1)
          continue
        }
        lane.block = block
        lane.told = 0
      }
      // A lane that is through with its block must show its next before the others may go on.
      if (lane.told >= lane.block.hits.length) {
        const { position } = lane.block
        lane.block = undefined
        return { kind: 'position', position }
      }
      if (!first || timeOf(lane) < timeOf(first)) first = lane
    }
    if (!first) return undefined
    return { kind: 'hit', hit: first.block!.hits[first.told++]! }
  }

  /** Where a reader would have to begin again, were it stopped here: blocks of which some hits have been told. */
  interrupted(): readonly SavedPosition[] {
    return this.#lanes.flatMap(({ block, told }) =>
      block && told > 0 ? [{ ...block.start, toldHits: block.start.toldHits + told }] : [],
    )
  }
}

function timeOf({ block, told }: Head): number {
  return block!.hits[told]!.at
}
