/** One of those that are measured beside each other. */
export interface Contender {
  readonly name: string
  /** Does the work once and gives the seconds that it took. */
  run(): number | Promise<number>
  /** How many lines that work is, where it is not the same for all. */
  readonly lines?: number
}

/**
 * Lets each do its work in turn, A B C A B C ..., so that whatever else the machine does meets all of them alike, and prints
 * a table: the median of each, the least and the greatest, lines a second, and how that compares with the first.
 */
export async function measureInTurn(
  title: string,
  contenders: readonly Contender[],
  { rounds, lines }: { rounds: number; lines: number },
) {
  const seconds = new Map<Contender, number[]>(contenders.map((one) => [one, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of contenders) seconds.get(one)!.push(await one.run())
  }
  const rows: string[][] = [['', 'median s', 'min-max s', 'M lines/s', 'of the first']]
  let first: number | undefined
  for (const [one, times] of seconds) {
    const rate = (one.lines ?? lines) / median(times)
    first ??= rate
    rows.push([
      one.lines === undefined ? one.name : `${one.name} (${one.lines} lines)`,
      median(times).toFixed(3),
      `${Math.min(...times).toFixed(3)}-${Math.max(...times).toFixed(3)}`,
      (rate / 1e6).toFixed(rate < 1e5 ? 4 : 2),
      (rate / first).toFixed(rate / first < 0.1 ? 3 : 2),
    ])
  }
  printTable(`${title}; ${rounds} rounds`, rows)
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** The least value that is not below so many percent of all. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
}

/** First column to the left, numbers to the right. */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  console.log(`\n${title}`)
  for (const row of rows) {
    console.log(`  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`)
  }
}
