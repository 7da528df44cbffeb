import type { TableSize } from '../store/store.ts'

/** The size of one table over time. */
export interface TableHistory {
  readonly table: string
  /** By day; a day on which it was not looked at is not there. */
  readonly sizes: readonly TableSize[]
  readonly least: number
  readonly most: number
  readonly last: number
}

/** The sizes of all tables, by table; there may be none. */
export function historyOfTables(sizes: readonly TableSize[]): readonly TableHistory[] {
  const tables = Map.groupBy(sizes, ({ table }) => table)
  return [...tables]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([table, of]) => {
      const entries = of.map((one) => one.entries)
      return { table, sizes: of, least: Math.min(...entries), most: Math.max(...entries), last: entries.at(-1)! }
    })
}

const BLOCKS = '▁▂▃▄▅▆▇█'

/** A block for each day from the first to the last, the higher the more; `·` for a day that is not known. */
export function blocksOf({ sizes, most }: TableHistory): string {
  const byDay = new Map(sizes.map(({ day, entries }) => [day, entries]))
  const first = sizes[0]!.day
  return Array.from({ length: sizes.at(-1)!.day - first + 1 }, (_, index) => {
    const entries = byDay.get(first + index)
    if (entries === undefined) return '·'
    return BLOCKS[most === 0 ? 0 : Math.round((entries / most) * (BLOCKS.length - 1))]
  }).join('')
}
