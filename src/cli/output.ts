import { styleText } from 'node:util'
import { formatDuration } from '../base/duration.ts'
import { escapeText, jsonLine } from '../base/escape.ts'
import { localTime, localTimeNear } from '../base/local-time.ts'
import { FOR_LIFE, type Instant, type Until } from '../base/units.ts'
import { decisionRecord } from '../core/decision-record.ts'
import type { Decision } from '../core/model.ts'
import type { Output } from './command.ts'

type Colour = 'red' | 'green' | 'yellow' | 'bold'

/** Text in a colour, where the output has any. */
export function paint(output: Pick<Output, 'hasColour'>, colour: Colour, text: string): string {
  return output.hasColour ? styleText(colour, text, { validateStream: false }) : text
}

/** One line for a decision, its line feed included: for people, or as JSON. */
export function decisionLine(
  decision: Decision,
  output: Output,
  { json = false }: { readonly json?: boolean | undefined } = {},
): string {
  return `${json ? jsonLine(decisionRecord(decision)) : decisionText(decision, output)}\n`
}

/** Collects what is written within one turn of the event loop: each write of its own is a call of the system. */
export function writingTogether(output: Pick<Output, 'write'>): (text: string) => void {
  let collected = ''
  const flush = () => {
    const text = collected
    collected = ''
    output.write(text)
  }
  return (text) => {
    if (collected === '') queueMicrotask(flush)
    collected += text
  }
}

/** Padded so that the lines of a live view stand in columns; a pipe gets single spaces. */
const KIND_WIDTH = 7
const ADDRESS_WIDTH = 15

/** A ban stands out, an unban is a relief. */
export const kindColours: Readonly<Record<Decision['kind'], Colour>> = {
  ban: 'red',
  unban: 'green',
  refused: 'yellow',
  notify: 'bold',
  run: 'bold',
}

/** `2026-11-21T10:00:00+01:00 ban 203.0.113.9 bad_ip for 1h until 11:00:00, hackers 100 points: sshd/failed-password in /var/log/authlog` */
function decisionText(decision: Decision, output: Output): string {
  const pad = (text: string, width: number) => (output.isTerminal ? text.padEnd(width) : text)
  const kind = paint(output, kindColours[decision.kind], pad(decision.kind, KIND_WIDTH))
  return `${localTime(decision.at)} ${kind} ${pad(decision.address ?? '-', ADDRESS_WIDTH)} ${whatAndWhy(decision)}`
}

/** `bad_ip for 1h until 11:00:00, hackers 100 points: sshd/failed-password in /var/log/authlog` */
export function whatAndWhy(decision: Decision): string {
  switch (decision.kind) {
    case 'ban':
      return `${escapeText(decision.table)} ${lasting(decision.at, decision.until)}, ${becauseOf(decision)}`
    case 'unban':
      return `${escapeText(decision.table)}, ${escapeText(decision.rule)}: ${escapeText(decision.reason)}`
    case 'refused':
      return `${escapeText(decision.table)}, ${becauseOf(decision)}`
    case 'notify':
      return `${escapeText(decision.rule)}: ${escapeText(decision.reason)}`
    case 'run':
      return `${escapeText(decision.command)}, ${escapeText(decision.rule)}: ${jsonLine(decision.parameters)}`
  }
}

function becauseOf({ rule, score, reason }: { readonly rule: string; readonly score: number; readonly reason: string }): string {
  const points = score > 0 ? ` ${score} points` : ''
  return `${escapeText(rule)}${points}${reason === '' ? '' : `: ${escapeText(reason)}`}`
}

/** `for 1h until 11:00:00`, with the day where it is another; `for life`. */
export function lasting(at: Instant, until: Until): string {
  return until === FOR_LIFE ? 'for life' : `for ${formatDuration(until - at)} until ${localTimeNear(until, at)}`
}

/** How long it is until then, in its two largest units: `in 59m`, `in 6d23h`, `for life`, `now`. */
export function timeLeft(until: Until, now: Instant): string {
  if (until === FOR_LIFE) return 'for life'
  return until <= now ? 'now' : `in ${roughly(until - now)}`
}

/** A duration in its two largest units. */
export function roughly(ms: number): string {
  const [first, second = ''] = formatDuration(ms < 1_000 ? ms : ms - (ms % 1_000)).match(/\d+(?:ms|[dhms])/g) ?? []
  return `${first}${second}`
}

/** The end of a ban as JSON has it. */
export function untilOf({ until }: { readonly until: string | null }): Until {
  return until === null ? FOR_LIFE : Date.parse(until)
}

/**
 * Rows with as many cells as the header has, shown as they stand. A terminal gets aligned columns; a pipe gets the whole
 * cells with a tab between them and no header, as cut(1) and awk(1) like it.
 */
export function writeTable(output: Output, header: readonly string[], rows: readonly (readonly string[])[]): void {
  if (output.isTerminal) {
    const [first, ...others] = alignedLines(header, rows, output.width)
    output.write(`${[paint(output, 'bold', first!), ...others].join('\n')}\n`)
  } else for (const row of rows) output.write(`${row.join('\t')}\n`)
}

/** Header and rows with their columns aligned, numbers to the right; cut at `width`, so that the last column is the one to suffer. */
export function alignedLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): readonly string[] {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => row[column]!)
    const widest = cells.reduce((most, cell) => Math.max(most, cell.length), title.length)
    const isRight = cells.every((cell) => amount.test(cell))
    return (cell: string) => (isRight ? cell.padStart(widest) : cell.padEnd(widest))
  })
  return [header, ...rows].map((row) => cut(row.map((cell, column) => columns[column]!(cell)).join('  '), width))
}

/** What stands to the right of its column: `12,345`, `2.9 MiB, 12s`, and `-` for none. */
const amount = /^(?:-|[\d,]+(?:\.\d+)?(?:%| [KMG]?i?B.*)?)$/

/** At most as wide as the terminal. */
export function cut(text: string, width: number | undefined): string {
  const line = text.trimEnd()
  if (width === undefined || line.length <= width) return line
  // Never through the middle of a character.
  return `${line.slice(0, Math.max(0, width - 1)).replace(/[\ud800-\udbff]$/, '')}…`
}

/** `1,234`. */
export function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** `512 B`, `2.9 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KiB`
  return count < 1024 ** 3 ? `${(count / 1024 ** 2).toFixed(1)} MiB` : `${(count / 1024 ** 3).toFixed(1)} GiB`
}

/** `1 ban`, `2,000 bans`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`
}
