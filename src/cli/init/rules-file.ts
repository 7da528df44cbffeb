import { importOf } from './typescript.ts'

/** rules.ts, for those who want to go on: a rule that works, and is not used until parameters.ts says so. */
export const rulesFile = `// Rules of your own. This one is not in use yet. To use it, write three things into parameters.ts:
//
//     import { ThirdTime } from './rules.ts'
//     rules: { ..., thirdTime: new ThirdTime('bad_ip') }
//     logs: { ..., '/var/log/door.log': { thirdTime: [{ regex: /^\\S+ door: (?<ip>\\S+) knocked$/ }] } }
//
// A rule is told of every hit on one address and answers with what is to be done. It has no clock and remembers nothing by
// itself: the time is hit.at (milliseconds), and what it wants to know of the address next time it returns as \`kept\`.

${importOf(['Generic', 'type Outcome', 'type ScoredHit'], 'log2table')}

const HOUR_MS = 3_600_000

/** Puts an address into a table for a day at its third hit within an hour of quiet, whatever the hits are worth. */
export class ThirdTime extends Generic<number> {
  override readonly tables: readonly string[]

  constructor(table: string) {
    super()
    this.tables = [table]
  }

  override onHit(kept: number = 0, hit: ScoredHit): Outcome<number> {
    // Forgotten after an hour without a hit; each one puts that off.
    if (kept < 2) return { kept: kept + 1, wakeAt: hit.at + HOUR_MS }
    return { kept: undefined, decisions: [{ kind: 'ban', table: this.tables[0]!, for: '1d', reason: 'three times' }] }
  }

  override onWake(): Outcome<number> {
    return { kept: undefined }
  }
}
`
