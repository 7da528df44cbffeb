import type { Address } from '../base/address.ts'
import { float64Column, int32Column, uint16Column } from '../base/column.ts'
import { SourceNumbers } from '../base/source-numbers.ts'
import type { Instant, Until } from '../base/units.ts'
import type { PastBan } from '../core/model.ts'

/** How many pairs of a rule and a table there can be: as many as their numbers can say. */
const KINDS_MAX = 0xffff + 1

/**
 * The bans of each source, those that live included. All in typed arrays, 24 bytes a ban and 20 a source, for months of logs
 * hold a million of them: of a source the number of its last ban is known, of a ban that of the one before it.
 */
export class PastBans {
  readonly #sources = new SourceNumbers()
  /** Of a source: the row of its newest ban + 1, 0 where it has none. */
  readonly #last = int32Column()

  // Of a ban, in its row:
  readonly #at = float64Column()
  readonly #until = float64Column()
  readonly #kind = uint16Column()
  readonly #isOver = uint16Column()
  readonly #before = int32Column() // the row of the same source's ban before it + 1; of a free row, the next free one + 1
  #rows = 0
  #free = 0 // a list through #before

  /** Rules and tables by the number of their pair; few, and never forgotten. */
  readonly #kinds: { readonly rule: string; readonly table: string }[] = []

  /** Takes up a ban that has begun; in the place of the one that the same rule began at the same time in the same table. Gives its row. */
  add(source: Address, { at, rule, table, until }: PastBan): number {
    const kind = this.#kindOf(rule, table)
    const before = this.#sources.size
    const number = this.#sources.add(source)
    if (number === before) this.#last.set(number, 0)
    let row = this.#last.get(number) - 1
    while (row >= 0 && !(this.#at.get(row) === at && this.#kind.get(row) === kind)) row = this.#before.get(row) - 1
    if (row < 0) {
      row = this.#newRow()
      this.#at.set(row, at)
      this.#kind.set(row, kind)
      this.#before.set(row, this.#last.get(number))
      this.#last.set(number, row + 1)
    }
    this.#until.set(row, until)
    this.#isOver.set(row, 0)
    return row
  }

  /** A ban has ended, by its time or before it. */
  end(row: number, at: Instant): void {
    this.#until.set(row, Math.min(this.#until.get(row), at))
    this.#isOver.set(row, 1)
  }

  /** By time; of equal times in the order in which they were added. */
  of(source: Address): readonly PastBan[] {
    const bans: PastBan[] = []
    const number = this.#sources.find(source)
    if (number === undefined) return bans
    for (let row = this.#last.get(number) - 1; row >= 0; row = this.#before.get(row) - 1) {
      const { rule, table } = this.#kinds[this.#kind.get(row)]!
      bans.push({ at: this.#at.get(row), rule, table, until: this.#until.get(row) as Until })
    }
    return bans.reverse().sort((a, b) => a.at - b.at)
  }

  /** Forgets bans that were over before then, at most so many; gives how many. Looks at all. */
  purge(before: Instant, rowsMax: number): number {
    let purged = 0
    for (let number = 0; number < this.#sources.size; number++) {
      let newer = -1
      for (let row = this.#last.get(number) - 1; row >= 0; ) {
        const older = this.#before.get(row)
        if (this.#isOver.get(row) === 1 && this.#until.get(row) < before) {
          if (purged === rowsMax) return purged
          if (newer < 0) this.#last.set(number, older)
          else this.#before.set(newer, older)
          this.#before.set(row, this.#free)
          this.#free = row + 1
          purged++
        } else newer = row
        row = older - 1
      }
    }
    return purged
  }

  #newRow(): number {
    if (this.#free > 0) {
      const row = this.#free - 1
      this.#free = this.#before.get(row)
      return row
    }
    return this.#rows++
  }

  #kindOf(rule: string, table: string): number {
    const known = this.#kinds.findIndex((one) => one.rule === rule && one.table === table)
    if (known >= 0) return known
    if (this.#kinds.length === KINDS_MAX) throw new RangeError(`more than ${KINDS_MAX} pairs of a rule and a table`)
    return this.#kinds.push({ rule, table }) - 1
  }
}
