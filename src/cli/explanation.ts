import { formatDuration } from '../base/duration.ts'
import { escapeText, jsonLine } from '../base/escape.ts'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import { localTime } from '../base/local-time.ts'
import { isoTime } from '../base/units.ts'
import { decisionRecord } from '../core/decision-record.ts'
import { linesWith } from '../daemon/archived-lines.ts'
import { type ExplainedHit, type ExplainedLine, explain, type Verdict } from '../daemon/explain.ts'
import type { ReplayOptions } from '../daemon/replay.ts'
import { type NearMiss, NearMisses } from '../matching/near-miss.ts'
import { nameOf } from '../matching/pattern.ts'
import type { Io } from './command.ts'
import { nearRecord, nearText } from './near-text.ts'
import { decisionLine, lasting, paint } from './output.ts'

/** So many lines are explained at a time. */
const LINES_MAX = 50
const NEAR_MAX = 3

/** Says of each line that holds a text what the engine made of it, after all that was before it in the same logs. */
export async function explainLines(
  text: string,
  options: Pick<ReplayOptions, 'rules' | 'tables' | 'logs' | 'protection'>,
  io: Io,
  json: boolean | undefined,
): Promise<ExitStatus> {
  const say = (message: string) => io.stderr.write(`log2table: ${message}\n`)
  const paths = options.logs.map(({ path }) => path)
  const lines = await linesWith(text, paths, { say, most: LINES_MAX })
  if (lines.length === 0) {
    say(`no line holds "${escapeText(text)}"`)
    return exitStatus.no
  }
  for (const line of await explain(lines, { ...options, say: () => {}, onDecision() {} })) {
    const { feeds } = options.logs.find(({ path }) => path === line.log)!
    const near =
      line.hits.length > 0
        ? []
        : nearestOf(
            line.text,
            feeds.flatMap(({ patterns }) => patterns.map((one) => new NearMisses(one))),
          )
    io.stdout.write(json ? `${jsonLine(record(line, near))}\n` : explanation(line, near, io))
  }
  if (lines.length === LINES_MAX) say(`only the first ${LINES_MAX} lines were explained`)
  return exitStatus.done
}

function nearestOf(line: string, all: readonly NearMisses[]): readonly NearMiss[] {
  const near = all.map((one) => one.of(line)).filter((miss) => miss !== undefined)
  return near.sort((a, b) => b.share - a.share).slice(0, NEAR_MAX)
}

function explanation({ log, number, text, hits }: ExplainedLine, near: readonly NearMiss[], { stdout }: Io): string {
  const rows = hits.flatMap((one) => [
    matchText(one),
    `  ${verdictText(one)}`,
    ...one.decisions.map((decision) => `  ${decisionLine(decision, stdout).trimEnd()}`),
  ])
  if (hits.length === 0) rows.push('no pattern matches it')
  for (const miss of near) rows.push(`  nearest ${escapeText(nameOf(miss.pattern))}: ${nearText(miss)}`)
  const place = paint(stdout, 'bold', `${escapeText(log)}:${number}:`)
  return `${place} ${escapeText(text)}\n${rows.map((row) => `  ${row}\n`).join('')}`
}

function matchText({ hit, address }: ExplainedHit): string {
  const groups = Object.entries(hit.parameters).map(([name, value]) => `${name}=${escapeText(String(value))}`)
  const times = hit.times > 1 ? ` ${hit.times} times` : ''
  return [
    `${escapeText(hit.pattern)}${times} for ${escapeText(hit.rule)} at ${localTime(hit.at)}:`,
    address ?? '-',
    ...groups,
  ].join(' ')
}

function verdictText({ hit, verdict, decisions }: ExplainedHit): string {
  switch (verdict.kind) {
    case 'nobody':
      return 'no points: neither this line nor one before it of the same session names an address'
    case 'ignored':
      return `no points: ${verdict.because}`
    case 'login':
      return hit.login === 'opened' ? 'no points: a good login, and the account is forgiven' : 'takes points of the account away'
    case 'harmless':
      return 'no points: the line is known to be harmless'
    case 'banned':
      return `no points: it is banned, ${lasting(hit.at, verdict.until)}`
    case 'free':
      return 'no points: its session has cost as much already, or the rule gives none'
    case 'counted':
      return countedText(
        verdict,
        decisions.some(({ kind }) => kind !== 'unban'),
      )
  }
}

function countedText({ points, standing }: Extract<Verdict, { kind: 'counted' }>, isDecisive: boolean): string {
  const { score, threshold, windowMs } = standing
  const sum = `${points} points, ${score}${threshold === undefined ? '' : ` of ${threshold}`} within ${formatDuration(windowMs)}`
  if (isDecisive) return sum
  return threshold === undefined || score >= threshold
    ? `${sum}: the rule did nothing`
    : `${sum}: ${threshold - score} short of a ban`
}

function record({ log, number, position, text, hits }: ExplainedLine, near: readonly NearMiss[]): object {
  return {
    kind: 'line',
    log,
    number,
    position,
    line: text,
    hits: hits.map(({ hit, address, verdict, decisions }) => ({
      at: isoTime(hit.at),
      rule: hit.rule,
      pattern: hit.pattern,
      address: address ?? null,
      parameters: hit.parameters,
      verdict: verdict.kind === 'banned' ? { ...verdict, until: isoTime(verdict.until) } : verdict,
      decisions: decisions.map(decisionRecord),
    })),
    nearest: near.map(nearRecord),
  }
}
