import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pattern } from '../../src/matching/pattern.ts'
import { httpd, sshd } from '../../src/patterns/index.ts'
import { program } from '../../test/lib/programs.ts'
import { log2tableReplay as command } from '../lib/daemons.ts'
import { type Dialect, patternFile } from '../lib/dialects.ts'
import { writeBenchLog } from '../lib/logs.ts'
import { secondsOf } from '../lib/processes.ts'
import { type Contender, measureInTurn } from '../lib/turns.ts'
import { workFolder } from '../lib/work-folder.ts'
import type { LogKind } from '../logs/log.ts'

const LINES = 1_000_000
const LINES_LONG = 10_000_000
/** fail2ban would need a minute for each round of the whole log. */
const LINES_FAIL2BAN = 50_000

/** Whole processes, from the start of the program to its end: what a log costs that is read at once. */
export async function replay(): Promise<void> {
  await compare('auth', sshd, 'sshd')
  await compare('access', httpd, 'apache-botsearch')
}

/** A log that the start of the program is nothing to. */
export async function longReplay(): Promise<void> {
  const log = await writeBenchLog('auth', LINES_LONG)
  const rg = regexFile('auth', sshd, 'rust')
  const contenders: Contender[] = [
    { name: 'log2table replay', run: () => secondsOf([...command, log]) },
    { name: 'the same on one core', run: () => secondsOf(['taskset', '-c', '0', ...command, log]) },
    { name: `rg -c -f (${rg.words})`, run: () => secondsOf([program('rg'), '-c', '-f', rg.file, log]) },
  ]
  await measureInTurn(`whole process, auth.log of ${LINES_LONG} lines`, contenders, { rounds: 3, lines: LINES_LONG })
}

async function compare(kind: LogKind, patterns: readonly Pattern[], filter: string): Promise<void> {
  const log = await writeBenchLog(kind, LINES)
  const short = await writeBenchLog(kind, LINES_FAIL2BAN)
  const grep = regexFile(kind, patterns, 'posix')
  const rg = regexFile(kind, patterns, 'rust')
  const contenders: Contender[] = [
    { name: 'log2table replay', run: () => secondsOf([...command, log]) },
    { name: `rg -c -f (${rg.words})`, run: () => secondsOf([program('rg'), '-c', '-f', rg.file, log]) },
    { name: `grep -c -E -f (${grep.words})`, run: () => secondsOf(['grep', '-c', '-E', '-f', grep.file, log]) },
    { name: 'sshg-parser', run: () => secondsOf([program('sshg-parser')], { stdin: log }) },
    { name: `fail2ban-regex ${filter}`, lines: LINES_FAIL2BAN, run: () => secondsOf([program('fail2ban-regex'), short, filter]) },
  ]
  await measureInTurn(`whole process, ${kind}.log of ${LINES} lines`, contenders, { rounds: 3, lines: LINES })
}

/** Our patterns as a file for `-f`. */
function regexFile(
  kind: LogKind,
  patterns: readonly Pattern[],
  dialect: Dialect,
): { readonly file: string; readonly words: string } {
  const { text, leftOut } = patternFile(patterns, dialect)
  const file = join(workFolder, `${kind}.${dialect}`)
  writeFileSync(file, text)
  return { file, words: leftOut === 0 ? 'the same patterns' : `${patterns.length - leftOut} of ${patterns.length} patterns` }
}
