import { escapeText, jsonLine } from '../../base/escape.ts'
import type { StatusAnswer } from '../../daemon/control-protocol.ts'
import { metricsOf } from '../../daemon/metrics.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { nearText } from '../near-text.ts'
import { alignedLines, bytes, count, number, paint, roughly } from '../output.ts'

export interface StatusOptions extends JsonOption {
  readonly metrics?: boolean
}

export const status: Command<[], StatusOptions> = {
  declare: (syntax) => syntax.option('--metrics', 'print it in the text format of Prometheus').option(...jsonOption),
  help: `
Says first whether all is well, then what is wrong, then how far each log is
read, how many entries each table must hold and does hold, and what is used of
each bound.

With --metrics, the same for node_exporter's textfile collector and its like.

Exit status
  0   all is well
  1   something is not, and it says what
  69  no daemon answers

Examples
  log2table status
  log2table status --metrics >new.prom; mv new.prom log2table.prom
  log2table status --json | jq '.tables[] | {table, desired, enforced}'
`,
  run: (_, { json, metrics }, io) =>
    ask(io.socketPath, { do: 'status' }, (answer) => {
      if (answer.kind !== 'status') return
      if (metrics) io.stdout.write(metricsOf(answer))
      else if (json) io.stdout.write(`${jsonLine(answer)}\n`)
      else writeStatus(answer, io)
    }),
}

function writeStatus(status: StatusAnswer, { stdout }: Pick<Io, 'stdout'>): void {
  const { isWell, troubles, version, pid, upMs, mode, configuration, state, logs, tables, rules, store, bounds } = status
  const print = (...lines: readonly string[]) => stdout.write(`${lines.join('\n')}\n`)
  const section = (title: string, header: readonly string[], rows: readonly (readonly string[])[]) => {
    if (rows.length === 0) return
    const [first, ...others] = alignedLines([title, ...header], rows, stdout.width)
    print('', paint(stdout, 'bold', first!), ...others)
  }
  if (isWell) print(paint(stdout, 'green', 'all is well'))
  else print(paint(stdout, 'red', 'not all is well'), ...troubles.map((trouble) => `  ${trouble}`))

  print(
    '',
    `version ${version}, process ${pid}, up ${roughly(upMs)}, ${mode === 'dry run' ? 'dry run: no table is changed' : 'enforcing'}`,
    configuration === null ? 'no configuration: the shipped patterns are used' : `configuration ${escapeText(configuration)}`,
    `state ${escapeText(state)}, store ${store.state}${store.pending > 0 ? `, ${count(store.pending, 'change')} waiting` : ''}`,
    `${count(status.protected, 'network')} protected from bans`,
  )
  section(
    'LOG',
    ['STATE', 'LINES', 'HITS', 'UNREAD', 'LOST', 'OVERLONG'],
    logs.map((log) => [
      escapeText(log.log),
      log.isByReader ? `${log.state} (reader)` : log.state,
      number(log.lines),
      number(log.hits),
      log.behindBytes === 0 ? '-' : `${bytes(log.behindBytes)}${log.lagMs === null ? '' : `, ${roughly(log.lagMs)}`}`,
      lost(log),
      log.overlongLines === 0 ? '-' : number(log.overlongLines),
    ]),
  )
  const hasOthers = tables.some(({ byOthers }) => byOthers > 0)
  section(
    'TABLE',
    ['KIND', 'STATE', 'IN FORCE', 'OF', 'QUEUED', ...(hasOthers ? ['BY OTHERS'] : [])],
    tables.map(({ table, kind, state, enforced, desired, queued, byOthers }) => [
      table,
      kind,
      state,
      number(enforced),
      number(desired),
      queued === 0 ? '-' : number(queued),
      ...(hasOthers ? [number(byOthers)] : []),
    ]),
  )
  section(
    'RULE',
    ['STATE', 'HITS', 'BANS', 'ADDRESSES WITH POINTS'],
    rules.map(({ rule, state, hits, bans, scored }) => [rule, state, number(hits), number(bans), number(scored)]),
  )
  for (const { set, log, missed } of status.blindSpots) {
    if (missed.length > 0) print('', paint(stdout, 'bold', `LINES OF ${escapeText(log)} THAT ${escapeText(set)} DOES NOT KNOW`))
    for (const { line, pattern, fits, wants } of missed) {
      print(`  ${escapeText(line)}`)
      if (fits !== null && wants !== null) print(`    ${escapeText(pattern ?? '')} ${nearText({ fits, wants })}`)
    }
  }
  const hasLetGo = bounds.some(({ letGo = 0 }) => letGo > 0)
  section(
    'BOUND',
    ['USED', 'OF AT MOST', ...(hasLetGo ? ['LET GO'] : [])],
    bounds.map(({ name, used, limit, letGo = 0 }) => [name, number(used), number(limit), ...(hasLetGo ? [number(letGo)] : [])]),
  )
}

function lost({ lostBytes, lostLines }: StatusAnswer['logs'][number]): string {
  const parts = [...(lostBytes > 0 ? [bytes(lostBytes)] : []), ...(lostLines > 0 ? [count(lostLines, 'line')] : [])]
  return parts.length === 0 ? '-' : parts.join(', ')
}
