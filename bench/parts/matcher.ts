import { CHUNK_BYTES } from '../../src/base/limits.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import { httpd, sshd } from '../../src/patterns/index.ts'
import { benchLog } from '../lib/logs.ts'
import { measureInTurn } from '../lib/turns.ts'
import { generateLog, type LogKind } from '../logs/log.ts'

const LINES = 1_000_000

/** The scanner alone, on blocks that are in memory already: what one core does with lines. */
export async function matcher(): Promise<void> {
  const contenders = [scanning('auth', sshd), scanning('access', httpd)]
  for (const { run } of contenders) run() // compiled and warm, as in a process that has run for a while
  await measureInTurn('matcher, running process', contenders, { rounds: 5, lines: LINES })
}

function scanning(kind: LogKind, patterns: readonly Pattern[]) {
  const blocks = blocksOf(generateLog({ ...benchLog(kind), lines: LINES }))
  const scanner = scannerOf([{ rule: 'hackers', patterns }])
  return {
    name: `${kind}.log`,
    run() {
      let matches = 0
      const start = performance.now()
      for (const block of blocks) scanner.scan(block, { match: () => matches++, repeated: () => {} })
      const seconds = (performance.now() - start) / 1000
      if (matches === 0) throw new Error(`no line of ${kind}.log matched`)
      return seconds
    },
  }
}

/** The text as a source would give it: whole lines, at most `CHUNK_BYTES` at once. */
function blocksOf(chunks: Iterable<string>): Uint8Array[] {
  const blocks: Uint8Array[] = []
  let rest: Uint8Array = new Uint8Array()
  for (const chunk of chunks) {
    rest = Buffer.concat([rest, Buffer.from(chunk)])
    while (rest.length > CHUNK_BYTES) {
      const end = rest.lastIndexOf(10, CHUNK_BYTES - 1) + 1
      blocks.push(Uint8Array.from(rest.subarray(0, end)))
      rest = rest.subarray(end)
    }
  }
  blocks.push(rest)
  return blocks
}
