import { formatNetwork } from '../base/address.ts'
import { formatDuration } from '../base/duration.ts'
import { type Html, html, sentence } from '../base/html.ts'
import { localTime } from '../base/local-time.ts'
import { DAY_MS, isoTime } from '../base/units.ts'
import type { TableHistory } from '../history/table-sizes.ts'
import { count, number } from './output.ts'
import type { Reported } from './report-text.ts'

/** The report as one page that loads nothing and runs nothing: to be opened from a file, or read in a mail. */
export function reportHtml(reported: Reported): string {
  const { report, host } = reported
  const { since, until } = report
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>log2table on ${host}</title>
<style>${style}</style>
</head>
<body>
<header><h1>log2table on ${host}</h1><p>${localTime(since)} to ${localTime(until)}</p></header>
${figures(reported)}
${troubles(reported)}
${bansChart(reported)}
${section('Tables', report.tables.length > 0 ? [html`<div class="trends">${report.tables.map(trend)}</div>`] : [])}
${listing(
  'By rule',
  ['Bans', 'Banned', 'Rule', 'Table'],
  report.rules.map(({ bans, banned, rule, table }) => [number(bans), number(banned), rule, table]),
)}
${listing(
  'What they did',
  ['Points', '', 'Lines', 'Sources', 'Pattern', 'Rule'],
  report.patterns.map(({ points, lines, sources, pattern, rule }) => [
    number(points),
    bar(points, report.patterns[0]!.points),
    number(lines),
    number(sources),
    pattern,
    rule,
  ]),
)}
${listing(
  'Who',
  ['Bans', 'Points', 'Address', 'Last', 'Logs'],
  report.offenders.map(({ bans, points, network, lastAt, logs }) => [
    number(bans),
    number(points),
    code(formatNetwork(network)),
    minute(lastAt),
    logs.join(', '),
  ]),
)}
${listing(
  'From where',
  ['Addresses', '', 'Bans', 'Points', 'Network'],
  report.networks.map(({ addresses, bans, points, network }) => [
    number(addresses),
    bar(addresses, report.networks[0]!.addresses),
    number(bans),
    number(points),
    code(formatNetwork(network)),
  ]),
)}
${listing(
  'Proposed for life',
  ['Address', 'Table', 'Rule', 'Reason'],
  report.proposals.map(({ network, table, rule, reason }) => [code(formatNetwork(network)), table, rule, reason]),
)}
${listing(
  'Not banned, and why',
  ['Times', 'Last', 'Address', 'Reason'],
  report.refusals.map(({ times, lastAt, network, reason }) => [
    number(times),
    minute(lastAt),
    code(formatNetwork(network)),
    reason,
  ]),
)}
</body>
</html>
`
  return page.text
}

const style = html`
:root { --page: #fcfcfb; --card: #f1f0ec; --text: #1d1d1b; --quiet: #63625c; --line: #dedcd5; --bar: #2a78c4; --bad: #b3261e; --good: #1b7340 }
@media (prefers-color-scheme: dark) {
  :root { --page: #1a1a19; --card: #262624; --text: #ecebe6; --quiet: #a3a199; --line: #3a3936; --bar: #5ba0e6; --bad: #ff8a80; --good: #6fcf97 }
}
body { margin: 2rem auto; padding: 0 1rem; max-width: 54rem; background: var(--page); color: var(--text); font: 15px/1.45 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', sans-serif }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 2rem 0 .5rem; font-size: 1rem }
header p, .note, dt { margin: 0; color: var(--quiet) }
dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 }
dl div { flex: 1 1 8rem; padding: .75rem 1rem; border-radius: .5rem; background: var(--card) }
dd { margin: 0; font-size: 1.6rem; font-weight: 600; font-variant-numeric: tabular-nums } dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--quiet) }
.good, .bad { margin: 0; padding: .6rem 1rem; border-left: 4px solid; border-radius: .25rem; background: var(--card); list-style: none }
.good { border-color: var(--good) } .bad { border-color: var(--bad) }
table { width: 100%; border-collapse: collapse } .wide { overflow-x: auto }
th { padding: .3rem .6rem; border-bottom: 1px solid var(--line); color: var(--quiet); font-size: .8rem; font-weight: 500; text-align: left }
td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
.number { width: 1%; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums } code { font: 13px Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: nowrap }
svg { display: block; width: 100% } .bars rect, .share { fill: var(--bar) } .trend path { fill: var(--bar); fill-opacity: .25; stroke: var(--bar); stroke-width: 1.5; vector-effect: non-scaling-stroke }
.axis { display: flex; justify-content: space-between; color: var(--quiet); font-size: .8rem }
.trends { display: flex; flex-wrap: wrap; gap: 1.5rem } figure { flex: 1 1 14rem; margin: 0 } .share { width: 4rem; height: .6rem; margin-top: .35rem } time { white-space: nowrap }
`

function figures({ report }: Reported): Html {
  const { bans, banned, bansBefore, live, lifers, refused, proposed, since, until } = report
  const figure = (name: string, value: number, note: string) =>
    html`<div><dt>${name}</dt><dd>${number(value)}<small>${note}</small></dd></div>`
  return html`<dl>${[
    figure('Bans', bans, `${number(bansBefore)} in the ${formatDuration(until - since)} before`),
    figure('Banned', banned, 'addresses and networks'),
    figure('In force now', live, `${number(lifers)} for life`),
    figure('Not banned', refused, 'refused: protected'),
    figure('Proposed', proposed, 'for life; "log2table confirm"'),
  ]}</dl>`
}

function troubles({ troubles: wrong }: Reported): Html {
  if (wrong === undefined) return html`<p class="note">No daemon answered: what is wrong at this moment is not known.</p>`
  if (wrong.length === 0) return html`<p class="good">All is well at this moment.</p>`
  return html`<ul class="bad">${wrong.slice(0, TROUBLES_MAX).map((text) => html`<li>${sentence(text)}</li>`)}</ul>`
}

const TROUBLES_MAX = 20
const BAR_GAP = 0.15
const CHART_HEIGHT = 20

/** One bar for each piece of the time. */
function bansChart({ report }: Reported): Html {
  const { bansByPiece, pieceMs, since, until, bans } = report
  if (bans === 0) return section('Bans', [])
  const most = Math.max(...bansByPiece)
  const bars = bansByPiece.map((value, index) => {
    const height = round((value / most) * CHART_HEIGHT)
    const title = html`<title>${localTime(until - (bansByPiece.length - index) * pieceMs)}: ${count(value, 'ban')}</title>`
    return html`<rect x="${index + BAR_GAP}" y="${round(CHART_HEIGHT - height)}" width="${1 - 2 * BAR_GAP}" height="${height}">${title}</rect>`
  })
  const label = `bans, ${formatDuration(pieceMs)} each, ${number(Math.min(...bansByPiece))} to ${number(most)}`
  return section('Bans', [
    html`<svg class="bars" viewBox="0 0 ${bansByPiece.length} ${CHART_HEIGHT}" height="120" preserveAspectRatio="none" role="img" aria-label="${label}">${bars}</svg>`,
    html`<p class="axis"><span>${dayText(since)}</span><span>${label}</span><span>${dayText(until)}</span></p>`,
  ])
}

/** How many entries a table held, as an area over the days; days that are not known are bridged. */
function trend({ table, sizes, least, most, last }: TableHistory): Html {
  const first = sizes[0]!.day
  const days = Math.max(1, sizes.at(-1)!.day - first)
  const heightOf = (entries: number) => round(CHART_HEIGHT - (most === 0 ? 0 : (entries / most) * (CHART_HEIGHT - 1)))
  const points = sizes.map(({ day, entries }) => `${day - first} ${heightOf(entries)}`)
  // Of a single day there is a line, too.
  const line = points.length > 1 ? points : [...points, `1 ${heightOf(last)}`]
  const path = `M0 ${CHART_HEIGHT}L${line.join('L')}L${days} ${CHART_HEIGHT}Z`
  const label = `${number(least)} to ${number(most)} entries, ${number(last)} last`
  return html`<figure class="trend"><figcaption>${table}</figcaption><svg viewBox="0 0 ${days} ${CHART_HEIGHT}" height="60" preserveAspectRatio="none" role="img" aria-label="${label}"><path d="${path}"/></svg><p class="axis"><span>${dayText(first * DAY_MS)}</span><span>${label}</span></p></figure>`
}

type Cell = string | Html

/** Nothing where there are no rows. Figures stand to the right. */
function listing(title: string, header: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  if (rows.length === 0) return html``
  const isNumber = header.map((_, column) => rows.every((row) => isFigure(row[column]!)))
  const classOf = (column: number) => (isNumber[column] ? 'number' : '')
  return section(title, [
    html`<div class="wide"><table><thead><tr>${header.map((name, column) => html`<th class="${classOf(column)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, column) => html`<td class="${classOf(column)}">${cell}</td>`)}</tr>\n`)}</tbody></table></div>`,
  ])
}

const isFigure = (cell: Cell) => typeof cell === 'string' && /^[\d,]+$/.test(cell)

/** How much of the greatest it is. */
function bar(value: number, most: number): Html {
  const width = most === 0 ? 0 : round((value / most) * 100)
  return html`<svg class="share" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${width}" height="1"/></svg>`
}

/** `2026-11-21 10:00`, by local time. */
const minute = (at: number) => html`<time>${localTime(at).slice(0, 16).replace('T', ' ')}</time>`

const code = (text: string) => html`<code>${text}</code>`

function section(title: string, parts: readonly Html[]): Html {
  return parts.length === 0 ? html`` : html`<section><h2>${title}</h2>${parts}</section>`
}

const round = (value: number) => Math.round(value * 100) / 100
const dayText = (at: number) => isoTime(at).slice(0, 10)
