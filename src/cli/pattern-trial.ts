import { formatAddress } from '../base/address.ts'
import { escapeText, jsonLine } from '../base/escape.ts'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import { archivedBlocks } from '../daemon/archived-lines.ts'
import { scanTimeLimit } from '../daemon/time-limit.ts'
import { type NearMiss, NearMisses } from '../matching/near-miss.ts'
import { nameOf, type Pattern } from '../matching/pattern.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import type { Io } from './command.ts'
import { nearRecord, nearText } from './near-text.ts'
import { count, paint } from './output.ts'

/** So many lines are shown of those that a pattern matches, and of those that it nearly does. */
const SHOWN_MAX = 3
/** So many lines are looked at for how near they come; more would tell nothing new. */
const MISSES_MAX = 20_000

interface Matched {
  readonly line: string
  readonly address: string | undefined
  readonly groups: Readonly<Record<string, string>>
}

/** Lines that part from a pattern at the same place. */
interface Nearly {
  readonly miss: NearMiss
  readonly line: string
  lines: number
}

/** What patterns make of logs: by pattern, the lines that it matches with address and groups, and those that it nearly does. */
export async function tryPatterns(
  patterns: readonly Pattern[],
  paths: readonly string[],
  io: Io,
  json: boolean | undefined,
): Promise<ExitStatus> {
  const trial = new Trial(patterns, json ? (record) => io.stdout.write(`${jsonLine(record)}\n`) : undefined)
  for (const path of paths) await trial.read(path, (message) => io.stderr.write(`log2table: ${message}\n`))
  if (!json) trial.write(io)
  const { lines, matched } = trial
  const summary = `${count(lines, 'line')}, ${count(matched, 'match', 'matches')}, ${count(lines - matched, 'line')} missed`
  io.stderr.write(json ? `${jsonLine({ kind: 'trial', lines, matched, missed: lines - matched })}\n` : `${summary}\n`)
  return matched > 0 ? exitStatus.done : exitStatus.no
}

class Trial {
  lines = 0
  matched = 0
  #missesLeft = MISSES_MAX
  readonly #patterns: readonly Pattern[]
  readonly #print: ((record: object) => void) | undefined
  readonly #counts = new Map<Pattern, number>()
  readonly #examples = new Map<Pattern, Matched[]>()
  readonly #misses: readonly NearMisses[]
  /** By the pattern and where they part. */
  readonly #nearly = new Map<string, Nearly>()

  constructor(patterns: readonly Pattern[], print: ((record: object) => void) | undefined) {
    this.#patterns = patterns
    this.#print = print
    this.#misses = patterns.map((pattern) => new NearMisses(pattern))
  }

  async read(path: string, say: (message: string) => void): Promise<void> {
    const scanner = scannerOf([{ rule: '', patterns: this.#patterns }], { timeLimit: scanTimeLimit })
    const sessions = new Map<string, string>()
    for await (const { bytes } of archivedBlocks(path, say)) {
      const starts = new Set<number>()
      scanner.scan(bytes, {
        match: ({ start, end, pattern, groups, session = '', address }) => {
          starts.add(start)
          const own = address === undefined ? undefined : formatAddress(address)
          if (own !== undefined && session !== '') sessions.set(session, own)
          this.#match(pattern, { line: textOf(bytes, start, end), address: own ?? sessions.get(session), groups })
        },
        repeated() {},
      })
      let start = 0
      for (let next = bytes.indexOf(10); next >= 0; next = bytes.indexOf(10, start)) {
        this.lines++
        if (!starts.has(start)) this.#miss(textOf(bytes, start, next))
        start = next + 1
      }
    }
  }

  write({ stdout }: Io): void {
    for (const pattern of this.#patterns) {
      const examples = this.#examples.get(pattern) ?? []
      const nearly = [...this.#nearly.values()].filter(({ miss }) => miss.pattern === pattern)
      if (examples.length === 0 && nearly.length === 0) continue
      const name = paint(stdout, 'bold', escapeText(nameOf(pattern)))
      stdout.write(`${name}: ${count(this.#counts.get(pattern) ?? 0, 'match', 'matches')}\n`)
      for (const { line, address, groups } of examples) {
        const found = Object.entries(groups).map(([group, text]) => `${group}=${escapeText(text)}`)
        const who = paint(stdout, 'green', address ?? 'no address yet')
        stdout.write(`  ${escapeText(line)}\n    ${[who, ...found].join('  ')}\n`)
      }
      const nearest = nearly.sort((a, b) => b.miss.share - a.miss.share || b.lines - a.lines).slice(0, SHOWN_MAX)
      if (nearest.length > 0) stdout.write('  nearly\n')
      for (const { miss, line, lines } of nearest) {
        const more = lines > 1 ? ` (and ${count(lines - 1, 'line')} like it)` : ''
        stdout.write(`  ${escapeText(line)}${more}\n    ${nearText(miss)}\n`)
      }
    }
  }

  #match(pattern: Pattern, matched: Matched): void {
    this.matched++
    this.#counts.set(pattern, (this.#counts.get(pattern) ?? 0) + 1)
    const name = nameOf(pattern)
    this.#print?.({ kind: 'match', pattern: name, address: matched.address ?? null, groups: matched.groups, line: matched.line })
    const examples = this.#examples.get(pattern) ?? []
    if (examples.length < SHOWN_MAX) this.#examples.set(pattern, [...examples, matched])
  }

  #miss(line: string): void {
    if (this.#missesLeft-- <= 0) return
    for (const [index, misses] of this.#misses.entries()) {
      const miss = misses.of(line)
      if (!miss) continue
      const key = `${index} ${miss.share} ${miss.wants}`
      const known = this.#nearly.get(key)
      if (known) known.lines++
      else {
        this.#nearly.set(key, { miss, line, lines: 1 })
        this.#print?.({ kind: 'nearly', ...nearRecord(miss), line })
      }
    }
  }
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
