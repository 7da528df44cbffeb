import { formatNetwork } from '../base/address.ts'
import { formatDuration } from '../base/duration.ts'
import { escapeRest, escapeText } from '../base/escape.ts'
import { localTime } from '../base/local-time.ts'
import type { Report } from '../history/report.ts'
import { blocksOf } from '../history/table-sizes.ts'
import { alignedLines, count, number } from './output.ts'

/** Whose report it is, and what is wrong there at this moment; undefined where nobody could say. */
export interface Reported {
  readonly report: Report
  readonly host: string
  readonly troubles: readonly string[] | undefined
}

/** A mail is read in windows of this width. */
const WIDTH = 78
const INDENT = '  '
const TROUBLES_MAX = 20

/** The report as plain text: the same on a terminal, in a file and in a mail. */
export function reportText({ report, host, troubles }: Reported): string {
  const { since, until, bans, banned, bansBefore, live, lifers, refused, proposed, pieceMs, bansByPiece } = report
  const section = (title: string, header: readonly string[], rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? '' : block(title, alignedLines(header, rows, WIDTH - INDENT.length))
  const parts = [
    `log2table on ${escapeText(host)}\n${localTime(since)} to ${localTime(until)}`,
    [
      `${count(bans, 'ban')} of ${count(banned, 'address', 'addresses')}, ${number(bansBefore)} in the ${formatDuration(until - since)} before`,
      `${number(live)} in force now, ${number(lifers)} of them for life; ${number(refused)} refused; ${number(proposed)} proposed for life`,
    ].join('\n'),
    troublesText(troubles),
    bans === 0
      ? ''
      : block(`Bans, ${formatDuration(pieceMs)} each`, [
          `${barsOf(bansByPiece)}  ${number(Math.min(...bansByPiece))} to ${number(Math.max(...bansByPiece))}`,
        ]),
    section(
      'Tables, by day',
      ['', 'LEAST', 'MOST', 'LAST', 'TABLE'],
      report.tables.map((one) => [blocksOf(one), number(one.least), number(one.most), number(one.last), escapeText(one.table)]),
    ),
    section(
      'By rule',
      ['BANS', 'BANNED', 'RULE', 'TABLE'],
      report.rules.map((one) => [number(one.bans), number(one.banned), escapeText(one.rule), escapeText(one.table)]),
    ),
    section(
      'What they did',
      ['POINTS', 'LINES', 'SOURCES', 'RULE', 'PATTERN'],
      report.patterns.map(({ points, lines, sources, rule, pattern }) => [
        number(points),
        number(lines),
        number(sources),
        escapeText(rule),
        escapeText(pattern),
      ]),
    ),
    section(
      'Who',
      ['BANS', 'POINTS', 'ADDRESS', 'LAST', 'LOGS'],
      report.offenders.map(({ bans, points, network, lastAt, logs }) => [
        number(bans),
        number(points),
        formatNetwork(network),
        localTime(lastAt),
        logs.map(escapeText).join(', '),
      ]),
    ),
    section(
      'From where',
      ['ADDRESSES', 'BANS', 'POINTS', 'NETWORK'],
      report.networks.map(({ addresses, bans, points, network }) => [
        number(addresses),
        number(bans),
        number(points),
        formatNetwork(network),
      ]),
    ),
    section(
      'Proposed for life; "log2table confirm" bans them',
      ['ADDRESS', 'TABLE', 'RULE', 'REASON'],
      report.proposals.map(({ network, table, rule, reason }) => [
        formatNetwork(network),
        escapeText(table),
        escapeText(rule),
        escapeText(reason),
      ]),
    ),
    section(
      'Not banned, and why',
      ['TIMES', 'LAST', 'ADDRESS', 'REASON'],
      report.refusals.map(({ times, lastAt, network, reason }) => [
        number(times),
        localTime(lastAt),
        formatNetwork(network),
        escapeText(reason),
      ]),
    ),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function troublesText(troubles: readonly string[] | undefined): string {
  if (troubles === undefined) return 'No daemon answered: what is wrong at this moment is not known.'
  if (troubles.length === 0) return 'All is well at this moment.'
  return block('What is wrong at this moment', troubles.slice(0, TROUBLES_MAX).map(escapeRest))
}

function block(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `${INDENT}${line}`)].join('\n')
}

/** The same blocks as for tables: a piece is a day there. */
function barsOf(values: readonly number[]): string {
  const sizes = values.map((entries, day) => ({ day, table: '', entries }))
  return blocksOf({ table: '', sizes, least: 0, most: Math.max(...values), last: 0 })
}
