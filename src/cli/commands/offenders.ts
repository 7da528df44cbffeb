import { formatNetwork } from '../../base/address.ts'
import { escapeText, jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { dayOf } from '../../base/listings.ts'
import { localTime } from '../../base/local-time.ts'
import { nearest } from '../../base/nearest.ts'
import { DAY_MS, type Instant, isoTime } from '../../base/units.ts'
import { UserError } from '../../base/user-error.ts'
import { wholeNumberFault } from '../../base/value.ts'
import type { SavedProposal } from '../../core/model.ts'
import { type Offence, type Ranking, rankings, rankOffenders } from '../../history/offenders.ts'
import { blocksOf, historyOfTables, type TableHistory } from '../../history/table-sizes.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { askHistory, databaseOf, lengthOption, type StateOption, stateOption } from '../history.ts'
import { number, writeTable } from '../output.ts'

export interface OffendersOptions extends JsonOption, StateOption {
  readonly since: string
  readonly min: string
  readonly by: string
  readonly networks?: true
  readonly forLife?: true
  readonly tables?: true
}

const MIN_MAX = 1_000_000

export const offenders: Command<[], OffendersOptions> = {
  declare: (syntax) =>
    syntax
      .option('--since <duration>', 'how far back to look', '90d')
      .option('--min <listings>', 'only those listed at least so often', '1')
      .option('--by <what>', `rank by ${rankings.join(', ')}`, 'listings')
      .option('--networks', 'rank whole networks, /24 of IPv4 and /48 of IPv6')
      .option('--for-life', 'instead, those who are proposed for life, and why')
      .option('--tables', 'instead, how many entries each table held, by day')
      .option(...stateOption)
      .option(...jsonOption),
  help: `
A listing is one table on one day (UTC), in which the address was at some time
of that day: whoever was banned for a week has seven or eight. Points and logs
are those of the evidence that is still kept. On a terminal, aligned columns;
into a pipe, one a line with a tab between its columns.

The rule proposes for life (option forLife of Hackers); "log2table confirm"
bans those who were proposed.

Examples
  log2table offenders
  log2table offenders --since 365d --min 15 | cut -f1
  log2table offenders --networks --by points
  log2table offenders --for-life
  log2table offenders --tables --since 365d

Exit status
  0   there are some
  1   there is nobody
  69  there is no database that could be read
`,
  async run(_, options, io) {
    const database = await databaseOf(options, io)
    if (options.forLife) return listProposals(database, options, io)
    const since = io.now() - lengthOption('--since', options.since)
    if (options.tables) return listTables(database, since, options, io)
    const rankOptions = {
      since,
      now: io.now(),
      by: rankingOf(options.by),
      listingsMin: listingsOf(options.min),
      networks: options.networks ?? false,
    }
    const offences = askHistory(database, (history) =>
      rankOffenders(
        { bans: history.bans(since), listings: history.listings(dayOf(since)), traces: history.traces(since) },
        rankOptions,
      ),
    )
    if (options.json) for (const offence of offences) io.stdout.write(`${jsonLine(recordOf(offence))}\n`)
    else if (offences.length === 0 && io.stdout.isTerminal) io.stdout.write('nobody was banned\n')
    else {
      const header = ['ADDRESS', 'ADDRESSES', 'LISTINGS', 'BANS', 'POINTS', 'FOR LIFE', 'FIRST', 'LAST', 'LOGS']
      const rows = offences.map(rowOf)
      // Of a single address there is nothing to count.
      const shown = (cells: readonly string[]) => (options.networks ? cells : cells.filter((_, column) => column !== 1))
      writeTable(io.stdout, shown(header), rows.map(shown))
    }
    return offences.length > 0 ? exitStatus.done : exitStatus.no
  },
}

function listProposals(database: string, { json }: OffendersOptions, { stdout }: Io) {
  const proposals = askHistory(database, (history) => history.proposals())
  if (json) for (const proposal of proposals) stdout.write(`${jsonLine(proposalRecord(proposal))}\n`)
  else if (proposals.length === 0 && stdout.isTerminal) stdout.write('nobody is proposed for life\n')
  else {
    writeTable(
      stdout,
      ['ADDRESS', 'TABLE', 'SINCE', 'RULE', 'REASON'],
      proposals.map(({ network, table, at, rule, reason }) => [
        formatNetwork(network),
        table,
        localTime(at),
        escapeText(rule),
        escapeText(reason),
      ]),
    )
  }
  return proposals.length > 0 ? exitStatus.done : exitStatus.no
}

function listTables(database: string, since: Instant, { json }: OffendersOptions, { stdout }: Io): ExitStatus {
  const tables = historyOfTables(askHistory(database, (history) => history.tableSizes(dayOf(since))))
  const isoDay = (day: number) => isoTime(day * DAY_MS).slice(0, 10)
  const days = tables.flatMap(({ sizes }) => sizes)
  if (json) {
    for (const { table, day, entries } of days) {
      stdout.write(`${jsonLine({ kind: 'table', table, day: isoDay(day), entries })}\n`)
    }
  } else if (!stdout.isTerminal)
    for (const { table, day, entries } of days) stdout.write(`${table}\t${isoDay(day)}\t${entries}\n`)
  else if (tables.length === 0) stdout.write('no table was looked at\n')
  else {
    const header = ['TABLE', 'LEAST', 'MOST', 'LAST', 'SINCE', 'BY DAY']
    const rowOfTable = (one: TableHistory) => {
      return [one.table, number(one.least), number(one.most), number(one.last), isoDay(one.sizes[0]!.day), blocksOf(one)]
    }
    writeTable(stdout, header, tables.map(rowOfTable))
  }
  return tables.length > 0 ? exitStatus.done : exitStatus.no
}

function proposalRecord({ at, network, table, rule, reason }: SavedProposal): object {
  return { at: isoTime(at), kind: 'proposal', address: formatNetwork(network), table, rule, reason }
}

function rankingOf(text: string): Ranking {
  const ranking = rankings.find((one) => one === text)
  if (ranking) return ranking
  const meant = nearest(text, rankings)
  throw new UserError(
    exitStatus.usage,
    `--by: there is no "${escapeText(text)}"; ${meant ? `did you mean "${meant}"?` : `there are ${rankings.join(', ')}`}`,
  )
}

function listingsOf(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : text
  const fault = wholeNumberFault(value, { min: 0, max: MIN_MAX })
  if (fault) throw new UserError(exitStatus.usage, `--min: ${fault.message}; ${fault.hint}`)
  return Number(value)
}

function rowOf({ network, addresses, listings, bans, points, isForLife, firstAt, lastAt, logs }: Offence): readonly string[] {
  return [
    formatNetwork(network),
    number(addresses),
    number(listings),
    number(bans),
    number(points),
    isForLife ? 'yes' : '-',
    localTime(firstAt),
    localTime(lastAt),
    logs.map(escapeText).join(', ') || '-',
  ]
}

function recordOf({ network, firstAt, lastAt, ...offence }: Offence): object {
  const address = formatNetwork(network)
  return { kind: 'offender', address, ...offence, firstAt: isoTime(firstAt), lastAt: isoTime(lastAt) }
}
