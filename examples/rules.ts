// Rules of your own. To be kept as /etc/log2table/rules.ts, beside parameters.ts, which uses them.
//
// A rule is told of every hit on one address and answers with what is to be done. It has no clock and remembers nothing by
// itself: the time is hit.at (milliseconds), and what it wants to know of the address next time it returns as `kept`.

import { Generic, type Outcome, type ScoredHit, type Wake } from 'log2table'

const HOUR_MS = 3_600_000

/** Puts an address into a table for an hour when it has knocked at three different ports, in whatever time that took. */
export class Doorman extends Generic<string[]> {
  override readonly tables: readonly string[]

  constructor(table: string) {
    super()
    this.tables = [table]
  }

  override onHit(kept: string[] = [], hit: ScoredHit): Outcome<string[]> {
    const ports = [...new Set([...kept, String(hit.parameters.port)])]
    // Forgotten after a day without a ban; each knock puts that off.
    if (ports.length < 3) return { kept: ports, wakeAt: hit.at + 24 * HOUR_MS }
    const reason = `knocked at ports ${ports.join(', ')}`
    return { kept: undefined, decisions: [{ kind: 'ban', table: this.tables[0]!, for: '1h', reason }] }
  }

  override onWake(_kept: string[] | undefined, _wake: Wake): Outcome<string[]> {
    return { kept: undefined }
  }
}
