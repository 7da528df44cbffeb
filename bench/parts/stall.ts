import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { scanTimeLimit } from '../../src/daemon/time-limit.ts'
import { compilePattern, compilePrefix } from '../../src/matching/compile.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import * as shipped from '../../src/patterns/index.ts'
import { attackLines } from '../../test/lib/attack-lines.ts'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { log2tableDaemon } from '../lib/daemons.ts'
import { waitFor } from '../lib/processes.ts'
import { printTable } from '../lib/turns.ts'

/** As long as a line may be. */
const LINE_BYTES = 16_000
const LINES_MAX = 3_000
const TRIES_OF_SLOW = 3

/** Lines made to be slow: how long the slowest of them takes, and for how long a daemon that reads them stands still. */
export async function stall(): Promise<void> {
  const patterns = Object.values(shipped).flat()
  const lines = hostileLines(patterns)
  const { slowest, total } = timed(patterns, lines)
  printTable(`${lines.length} hostile lines of ${LINE_BYTES} bytes, all shipped patterns`, [
    ['slowest line', `${slowest.toFixed(2)} ms`],
    ['mean', `${(total / lines.length).toFixed(3)} ms`],
    ['longest stall of the daemon', `${(await stallOf(lines)).toFixed(0)} ms`],
  ])
}

/** Those of each pattern, behind a prefix that fits; of many, evenly chosen ones. */
function hostileLines(patterns: readonly Pattern[]): readonly string[] {
  const all: string[] = []
  for (const pattern of patterns) {
    const { prefix, json } = pattern.set ?? {}
    const sample = pattern.samples?.match?.[0]?.[0].split('\n').at(-1) ?? ''
    const head = prefix ? (compilePrefix(prefix).exec(sample)?.[0] ?? '') : ''
    if (json !== undefined) continue
    for (const line of attackLines(compilePattern(pattern).regex, LINE_BYTES - head.length)) {
      all.push((head + line).slice(0, LINE_BYTES))
    }
  }
  const every = Math.max(1, all.length / LINES_MAX)
  return Array.from({ length: Math.min(all.length, LINES_MAX) }, (_, index) => all[Math.floor(index * every)]!)
}

/** Each alone; a slow one again, since the machine does other things as well. */
function timed(patterns: readonly Pattern[], lines: readonly string[]): { readonly slowest: number; readonly total: number } {
  const scanner = scannerOf([{ rule: 'hackers', patterns }], { timeLimit: scanTimeLimit })
  const msOf = (line: string) => {
    const block = Buffer.from(`${line}\n`, 'latin1')
    const start = performance.now()
    scanner.scan(block, { match() {}, repeated() {} })
    return performance.now() - start
  }
  for (const line of lines) msOf(line) // each engine is made when it is first needed
  let [slowest, total] = [0, 0]
  for (const line of lines) {
    let ms = msOf(line)
    for (let again = 0; ms > slowest && again < TRIES_OF_SLOW; again++) ms = Math.min(ms, msOf(line))
    slowest = Math.max(slowest, ms)
    total += ms
  }
  return { slowest, total }
}

async function stallOf(lines: readonly string[]): Promise<number> {
  const daemon = log2tableDaemon({ name: 'stall', table: 'dryRun', patterns: 'Object.values(shipped).flat()' })
  const monitor = new URL('../lib/loop-delay.ts', import.meta.url).href
  const seen = new Set<string>()
  const running = daemon.start({
    nodeOptions: ['--import', monitor],
    onLine: (line) => seen.add(/\b73\.77\.\d+\.\d+\b/.exec(line)?.[0] ?? ''),
  })
  try {
    const [first, last] = [attacker(73, 1), attacker(73, 2)]
    const untilBanned = async (address: string) => {
      await appendFile(daemon.log, failedPasswords(address, TRIES))
      const ms = await waitFor(() => seen.has(address), { withinMs: 120_000 })
      if (ms === undefined) throw new Error(`${address} was not banned: ${running.output}`)
    }
    await untilBanned(first)
    await sleep(6_000)
    for (const line of lines) await appendFile(daemon.log, `${line}\n`, 'latin1')
    await untilBanned(last)
  } finally {
    await running.stop()
  }
  const ms = /longest stall ([\d.]+) ms/.exec(running.output)?.[1]
  if (ms === undefined) throw new Error(`it did not say how long it stood still: ${running.output}`)
  return Number(ms)
}
