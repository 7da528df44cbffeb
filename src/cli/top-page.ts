import { escapeRest, escapeText } from '../base/escape.ts'
import { localTimeNear } from '../base/local-time.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Decision } from '../core/model.ts'
import type { ClimbingAnswer, DecisionAnswer, StatusAnswer } from '../daemon/control-protocol.ts'
import type { Output } from './command.ts'
import { alignedLines, bytes, cut, kindColours, number, paint, roughly, untilOf, whatAndWhy } from './output.ts'

/** What the daemon has said of one moment. */
export interface View {
  readonly status: StatusAnswer
  readonly climbing: readonly ClimbingAnswer[]
  /** By time. */
  readonly decisions: readonly DecisionAnswer[]
}

export interface PageOptions {
  /** Lines of each log in a second; of one that is not in it nothing is known yet. */
  readonly rates: ReadonlyMap<string, number>
  /** Why the daemon does not answer any more; the view is an old one then. */
  readonly silence?: string | undefined
  readonly output: Pick<Output, 'hasColour' | 'width'>
  /** Rows of the page; undefined for all that there is. */
  readonly height?: number | undefined
}

type Line = string

/** A part of the page: its header, and as many of its rows as there is room for. */
interface Section {
  readonly header: Line
  readonly rows: readonly Line[]
  /** What is told where there are none. */
  readonly none?: string
  /** Of several that want more rows than there are, each gets its share; of one with a share of 0 all are shown. */
  readonly share: number
}

/** Fewer lines a second are told with a decimal. */
const FEW = 10
const BAR_WIDTH = 10
/** From which part of the threshold on a source is worth a look, and a close one. */
const WARM = 0.5
const HOT = 0.75
const TROUBLES_MAX = 3
/** A narrower page has no room for good news. */
const WIDE = 40
const TABLES_MAX = 4

/** The page of `log2table top`, line by line, none wider than the terminal. */
export function topPage(view: View, options: PageOptions): readonly Line[] {
  const { output, height } = options
  const sections = [logsOf(view, options), tablesOf(view, options), climbingOf(view, options), decisionsOf(view, options)]
  const head = headOf(view, options)
  // An empty line and a header for each, and at least one row.
  const given = rowsGiven(sections, height === undefined ? undefined : height - head.length - 2 * sections.length)
  const body = sections.flatMap(({ header, rows, none = 'none' }, index) => {
    const most = given[index]!
    const isCut = rows.length > most
    const shown = isCut ? rows.slice(0, Math.max(0, most - 1)) : rows.length === 0 ? [cut(none, output.width)] : rows
    const more = isCut && most > 0 ? [cut(`and ${number(rows.length - shown.length)} more`, output.width)] : []
    return ['', paint(output, 'bold', header), ...shown, ...more]
  })
  const page = [...head, ...body]
  return height === undefined ? page : page.slice(0, height)
}

/** How many rows each section may have, so that all together have no more than `room`. */
function rowsGiven(sections: readonly Section[], room: number | undefined): readonly number[] {
  const wanted = sections.map(({ rows }) => Math.max(1, rows.length))
  if (room === undefined) return wanted
  const given = sections.map(({ share }, index) => (share === 0 ? Math.min(wanted[index]!, TABLES_MAX) : 1))
  let left = room - given.reduce((sum, one) => sum + one, 0)
  for (let moved = true; moved && left > 0; ) {
    moved = false
    for (const [index, { share }] of sections.entries()) {
      const more = Math.min(share, wanted[index]! - given[index]!, left)
      if (more <= 0) continue
      given[index]! += more
      left -= more
      moved = true
    }
  }
  return given
}

function headOf({ status }: View, { rates, silence, output }: PageOptions): readonly Line[] {
  const { width } = output
  const now = Date.parse(status.at)
  const perSecond = [...rates.values()].reduce((sum, rate) => sum + rate, 0)
  const inForce = status.tables.reduce((sum, { enforced }) => sum + enforced, 0)
  const facts = [
    `up ${roughly(status.upMs)}`,
    ...(status.mode === 'dry run' ? ['dry run'] : []),
    ...(rates.size > 0 ? [`${number(Math.round(perSecond))} lines/s`] : []),
    `${number(inForce)} in force`,
  ].join(', ')
  const well = status.isWell && silence === undefined && (width ?? WIDE) >= WIDE ? '  all is well' : ''
  const room = width === undefined ? undefined : width - well.length
  const title = cut(`log2table ${localTimeNear(now, now)}, ${facts}`, room)
  const first = `${paint(output, 'bold', title)}${' '.repeat((room ?? title.length) - title.length)}${paint(output, 'green', well)}`
  const wrong = [...(silence === undefined ? [] : [silence]), ...status.troubles]
  const shown = wrong.length > TROUBLES_MAX ? wrong.slice(0, TROUBLES_MAX - 1) : wrong
  const more = wrong.length - shown.length
  const told = [...shown, ...(more > 0 ? [`and ${number(more)} more; "log2table status" tells all`] : [])]
  return [first, ...told.map((text) => paint(output, 'red', cut(escapeRest(text), width)))]
}

function logsOf({ status: { logs } }: View, { rates, output: { width } }: PageOptions): Section {
  const rateOf = (log: string) => rates.get(log)
  const busiest = logs.toSorted((a, b) => (rateOf(b.log) ?? 0) - (rateOf(a.log) ?? 0) || b.lines - a.lines)
  const [header = '', ...rows] = alignedLines(
    ['LINES/S', 'LINES', 'HITS', 'UNREAD', 'LOG'],
    busiest.map(({ log, state, lines, hits, behindBytes, lagMs }) => [
      rateText(rateOf(log)),
      number(lines),
      number(hits),
      behindBytes === 0 ? '-' : `${bytes(behindBytes)}${lagMs === null ? '' : `, ${roughly(lagMs)}`}`,
      `${escapeText(log)}${state === 'reading' ? '' : ` (${state})`}`,
    ]),
    width,
  )
  return { header, rows, none: 'no log is followed', share: 1 }
}

function tablesOf({ status: { tables } }: View, { output }: PageOptions): Section {
  const [header = '', ...rows] = alignedLines(
    ['IN FORCE', 'OF', 'FULL', 'QUEUED', 'STATE', 'TABLE'],
    tables.map(({ table, kind, state, enforced, desired, queued, fullness }) => [
      number(enforced),
      number(desired),
      fullness === null ? '-' : percentText(fullness),
      queued === 0 ? '-' : number(queued),
      state,
      `${escapeText(table)} (${escapeText(kind)})`,
    ]),
    output.width,
  )
  const painted = rows.map((row, index) => (tables[index]!.state === 'not enforcing' ? paint(output, 'red', row) : row))
  return { header, rows: painted, none: 'no table is declared', share: 0 }
}

function climbingOf({ status, climbing }: View, { output }: PageOptions): Section {
  const now = Date.parse(status.at)
  const [header = '', ...rows] = alignedLines(
    ['CLIMBING', '', 'POINTS', 'OF', 'RULE', 'LAST', ''],
    climbing.map(({ address, score, threshold, rule, pattern, lastAt }) => [
      address,
      barOf(partOf({ score, threshold })),
      number(score),
      threshold === null ? '-' : number(threshold),
      escapeText(rule),
      agoText(now - Date.parse(lastAt)),
      pattern === null ? '' : escapeText(pattern),
    ]),
    output.width,
  )
  const painted = rows.map((row, index) => {
    const part = partOf(climbing[index]!)
    return part >= HOT ? paint(output, 'red', row) : part >= WARM ? paint(output, 'yellow', row) : row
  })
  return { header, rows: painted, none: 'nobody has any points', share: 2 }
}

/** The last first. */
function decisionsOf({ status, decisions }: View, { output }: PageOptions): Section {
  const now = Date.parse(status.at)
  const latest = decisions.toReversed().map(decisionOf)
  const [header = '', ...rows] = alignedLines(
    ['DECIDED', '', '', ''],
    latest.map((decision) => [localTimeNear(decision.at, now), decision.kind, decision.address ?? '-', whatAndWhy(decision)]),
    output.width,
  )
  const start = Math.max(...latest.map(({ at }) => localTimeNear(at, now).length), 'DECIDED'.length) + '  '.length
  const painted = rows.map((row, index) => {
    const { kind } = latest[index]!
    const end = start + kind.length
    return `${row.slice(0, start)}${paint(output, kindColours[kind], row.slice(start, end))}${row.slice(end)}`
  })
  return { header, rows: painted, none: 'nothing was decided since the daemon was started', share: 2 }
}

function decisionOf(answer: DecisionAnswer): Decision {
  const at = Date.parse(answer.at)
  switch (answer.kind) {
    case 'ban':
      return { ...answer, at, until: untilOf(answer) }
    case 'notify':
      return { ...answer, at, address: answer.address }
    case 'run':
      return { ...answer, at, parameters: {} }
    default:
      return { ...answer, at }
  }
}

function partOf({ score, threshold }: Pick<ClimbingAnswer, 'score' | 'threshold'>): number {
  return threshold === null || threshold === 0 ? 0 : Math.min(1, score / threshold)
}

function barOf(part: number): string {
  const full = Math.min(BAR_WIDTH, Math.round(part * BAR_WIDTH))
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`
}

function rateText(rate: number | undefined): string {
  return rate === undefined ? '-' : number(rate < FEW ? Math.round(rate * 10) / 10 : Math.round(rate))
}

/** `0.1%`, `12%`; never 0% of what is used at all, nor 100% of what has room. */
function percentText(part: number): string {
  const percent = part * 100
  if (percent === 0 || percent >= 100) return `${Math.floor(percent)}%`
  return percent < 1 ? `${Math.max(0.1, Math.round(percent * 10) / 10)}%` : `${Math.floor(percent)}%`
}

/** `now`, `12s ago`, `1h5m ago`. */
function agoText(ms: number): string {
  return ms < SECOND_MS ? 'now' : `${roughly(ms)} ago`
}
