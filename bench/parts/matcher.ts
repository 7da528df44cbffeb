import { CHUNK_BYTES } from '../../src/base/limits.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import { httpd, sshd } from '../../src/patterns/index.ts'
import { benchLog } from '../lib/logs.ts'
import { type Contender, measureInTurn } from '../lib/turns.ts'
import { generateLog, type LogKind } from '../logs/log.ts'

const LINES = 1_000_000
/** Of the logs that are made to be bad for it. */
const BAD_LINES = 200_000
const rounds = 5

/** The scanner alone, on blocks that are in memory already: what one core does with lines. */
export async function matcher(): Promise<void> {
  const usual = [scanning('auth.log', sshd, textOf('auth', LINES)), scanning('access.log', httpd, textOf('access', LINES))]
  await measure('matcher, running process', usual)
  const bad = [...badLogs('auth', sshd), ...badLogs('access', httpd), ...[100, 1_000].map(manyPatterns)]
  await measure('matcher, logs and patterns that are bad for it', bad)
}

async function measure(title: string, contenders: readonly Contender[]): Promise<void> {
  for (const { run } of contenders) run() // compiled and warm, as in a process that has run for a while
  await measureInTurn(title, contenders, { rounds, lines: LINES })
}

function scanning(name: string, patterns: readonly Pattern[], text: Buffer): Contender & { run(): number } {
  const blocks = blocksOf(text)
  const scanner = scannerOf([{ rule: 'hackers', patterns }])
  const before = scanner.counts.lines
  for (const block of blocks) scanner.scan(block, { match() {}, repeated() {} })
  return {
    name,
    lines: scanner.counts.lines - before,
    run() {
      const start = performance.now()
      for (const block of blocks) scanner.scan(block, { match() {}, repeated() {} })
      return (performance.now() - start) / 1000
    },
  }
}

/** No line is an attack; each is one; each holds what is looked for, and none is one. */
function badLogs(kind: LogKind, patterns: readonly Pattern[]): readonly Contender[] {
  const { attacks, others } = parted(textOf(kind, BAD_LINES), patterns)
  // A line of access.log is looked at to its end, and then begins with no address.
  const spoil = (line: string) => (line === '' ? '' : kind === 'auth' ? `${line} \\` : `x${line}`)
  const spoilt = attacks.toString('latin1').split('\n').map(spoil).join('\n')
  const failing = parted(Buffer.from(spoilt, 'latin1'), patterns).others
  return [
    scanning(`${kind}.log without attacks`, patterns, others),
    scanning(`${kind}.log of attacks alone`, patterns, attacks),
    scanning(`${kind}.log of attacks that are none after all`, patterns, failing),
  ]
}

/** The lines that match, and those that don't. */
function parted(text: Buffer, patterns: readonly Pattern[]): { attacks: Buffer; others: Buffer } {
  const attacks: Buffer[] = []
  const others: Buffer[] = []
  const scanner = scannerOf([{ rule: 'hackers', patterns }])
  for (const block of blocksOf(text)) {
    let end = 0
    const match = ({ start }: { start: number }) => {
      const next = block.indexOf(10, start) + 1
      others.push(block.subarray(end, start))
      attacks.push(block.subarray(start, next))
      end = next
    }
    scanner.scan(block, { match, repeated() {} })
    others.push(block.subarray(end))
  }
  return { attacks: Buffer.concat(attacks), others: Buffer.concat(others) }
}

/** So many patterns, each for a program of its own, on a log in which every twentieth line is of one of them. */
function manyPatterns(count: number): Contender {
  const names = Array.from(
    { length: count },
    (_, i) => `${['smb', 'vnc', 'sip', 'ftp', 'irc'][i % 5]}gate${(i * 7919).toString(36)}d`,
  )
  const patterns = names.map(
    (name): Pattern => ({
      name,
      regex: new RegExp(`^\\w{3} [ \\d]\\d [\\d:]{8} \\S+ ${name}\\[\\d+\\]: refused (?<user>.*) from (?<ip>\\S+)$`),
    }),
  )
  const { others } = parted(textOf('auth', BAD_LINES), sshd)
  let number = 0
  const lines = others
    .toString('latin1')
    .split('\n')
    .map((line) => {
      if (number++ % 20 !== 0) return line
      return `Nov 21 10:00:00 gate ${names[number % count]}[${number}]: refused admin from 192.0.2.${number % 250}`
    })
  return scanning(`${count} patterns, 5 % attacks`, patterns, Buffer.from(lines.join('\n'), 'latin1'))
}

function textOf(kind: LogKind, lines: number): Buffer {
  return Buffer.concat(Array.from(generateLog({ ...benchLog(kind), lines }), (chunk) => Buffer.from(chunk)))
}

/** The text as a source would give it: whole lines, at most `CHUNK_BYTES` at once. */
function blocksOf(text: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  for (let from = 0; from < text.length; ) {
    const end = text.length - from <= CHUNK_BYTES ? text.length : text.lastIndexOf(10, from + CHUNK_BYTES - 1) + 1
    blocks.push(text.subarray(from, end))
    from = end
  }
  return blocks
}
