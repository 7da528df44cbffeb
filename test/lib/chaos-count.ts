import { Database } from '../../src/store/database.ts'
import { numberIn } from './chaos-lines.ts'
import type { readTruth } from './chaos-writing.ts'

/** Evidence against truth. */
export interface Count {
  /** Numbers of the lines that were issued and not counted. */
  readonly lost: readonly number[]
  readonly double: number
  /** Counted, and never issued so at that place of its file. */
  readonly wrong: number
  readonly counted: ReadonlySet<number>
}

/** Of one log, where the daemon reads several. */
export function countEvidence(database: string, truth: ReturnType<typeof readTruth>, log?: string): Count {
  const counted = new Set<number>()
  let [double, wrong] = [0, 0]
  for (const { position, line } of rowsOf(database, `SELECT position, line FROM hits${ofLog(log)}`)) {
    const number = numberIn(String(line)) ?? -1
    const issued = truth.get(number)
    if (issued?.line !== line || issued?.position !== position) wrong++
    else if (counted.has(number)) double++
    counted.add(number)
  }
  return { lost: [...truth.keys()].filter((number) => !counted.has(number)), double, wrong, counted }
}

/** The number of the line that was counted last; 0 before the first. */
export function lastCounted(database: string, log?: string): number {
  const [row] = rowsOf(database, `SELECT line FROM hits${ofLog(log)} ORDER BY id DESC LIMIT 1`)
  return numberIn(String(row?.line)) ?? 0
}

const ofLog = (log: string | undefined) => (log === undefined ? '' : ` WHERE log = '${log}'`)

/** Every ban that there ever was: `ADDRESS SCORE`. */
export function bansIn(database: string): string[] {
  return rowsOf(database, 'SELECT network, score FROM bans').map(({ network, score }) => `${network} ${score}`)
}

export function rowsOf(database: string, sql: string): Record<string, unknown>[] {
  const db = new Database(database, { readOnly: true, timeout: 5_000 })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

/** `1-17, 20, 23-25`. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last && number === last[1] + 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')
}
