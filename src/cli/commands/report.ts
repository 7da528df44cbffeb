import { hostname } from 'node:os'
import { formatNetwork } from '../../base/address.ts'
import { jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { isoTime } from '../../base/units.ts'
import { UserError } from '../../base/user-error.ts'
import type { Offence } from '../../history/offenders.ts'
import { pastOf, reportOf } from '../../history/report.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { askHistory, databaseIn, lengthOption, type StateOption, stateOption } from '../history.ts'
import { reportHtml } from '../report-html.ts'
import { type Reported, reportText } from '../report-text.ts'

export interface ReportOptions extends JsonOption, StateOption {
  readonly since: string
  readonly html?: true
}

export const report: Command<[], ReportOptions> = {
  declare: (syntax) =>
    syntax
      .option('--since <duration>', 'how far back to look', '7d')
      .option('--html', 'as one page of HTML that loads nothing')
      .option(...stateOption)
      .option(...jsonOption),
  help: `
Tells of the last week: how many were banned and by which rule, what they did,
who they were and in which networks, how the tables grew and shrank, who is
proposed for life, who was not banned and why, and what is wrong at this
moment. Points and lines are those of the evidence that is still kept.

The daemon sends it every Monday where parameters.ts has
  notify: { to: ..., report: 'weekly' }

Examples
  log2table report
  log2table report --since 30d --html >report.html
  log2table report --json | jq '.networks[:3]'

Exit status
  0   it was printed
  69  there is no database that could be read
`,
  async run(_, options, io) {
    const { path, troubles } = await daemonOf(options, io)
    const until = io.now()
    const since = until - lengthOption('--since', options.since)
    const report = reportOf(
      askHistory(path, (history) => pastOf(history, since, until)),
      since,
      until,
    )
    const reported: Reported = { report, host: hostname(), troubles }
    if (options.json) io.stdout.write(`${jsonLine(recordOf(reported))}\n`)
    else io.stdout.write(options.html ? reportHtml(reported) : reportText(reported))
    return exitStatus.done
  },
}

/** Where the past is kept, and what is wrong now; of a daemon that does not answer, or of another folder, that is not known. */
async function daemonOf(
  { state }: StateOption,
  { socketPath }: Pick<Io, 'socketPath'>,
): Promise<{ readonly path: string; readonly troubles: Reported['troubles'] }> {
  const told: { path?: string; troubles?: readonly string[] } = {}
  try {
    await ask(socketPath, { do: 'status' }, (answer) => {
      if (answer.kind === 'status') Object.assign(told, { path: answer.store.path, troubles: answer.troubles })
    })
  } catch (error) {
    if (!(error instanceof UserError) || error.status !== exitStatus.unavailable) throw error
  }
  const path = state === undefined ? (told.path ?? databaseIn()) : databaseIn(state)
  return { path, troubles: path === told.path ? told.troubles : undefined }
}

function recordOf({ report, host, troubles }: Reported): object {
  const { since, until, offenders, networks, proposals, refusals, tables, ...rest } = report
  return {
    kind: 'report',
    host,
    since: isoTime(since),
    until: isoTime(until),
    ...rest,
    offenders: offenders.map(offenceRecord),
    networks: networks.map(offenceRecord),
    tables: tables.map(({ table, least, most, last }) => ({ table, least, most, last })),
    proposals: proposals.map(({ at, network, ...one }) => ({ at: isoTime(at), address: formatNetwork(network), ...one })),
    refusals: refusals.map(({ lastAt, network, ...one }) => ({
      ...one,
      lastAt: isoTime(lastAt),
      lastAddress: formatNetwork(network),
    })),
    troubles: troubles ?? null,
  }
}

function offenceRecord({ network, firstAt, lastAt, ...offence }: Offence): object {
  return { address: formatNetwork(network), ...offence, firstAt: isoTime(firstAt), lastAt: isoTime(lastAt) }
}
