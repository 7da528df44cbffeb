import { formatNetwork } from '../../base/address.ts'
import { escapeText, jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { localTime } from '../../base/local-time.ts'
import { isoTime } from '../../base/units.ts'
import { UserError } from '../../base/user-error.ts'
import { type Lifer, lifersOf } from '../../history/offenders.ts'
import { type CountedEntry, countedLifers, parseCounters } from '../../history/pf-counters.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { askHistory, databaseOf, lengthOption, type StateOption, stateOption } from '../history.ts'
import { printedBy, readInput } from '../input.ts'
import { addressArgument, giveOrder } from '../order.ts'
import { roughly, writeTable } from '../output.ts'

export interface ParoleOptions extends JsonOption, StateOption {
  readonly silent: string
  readonly all?: true
  readonly counters?: string
  readonly command?: string
  readonly config: string
}

export const parole: Command<[addresses: readonly string[]], ParoleOptions> = {
  declare: (syntax) =>
    syntax
      .argument('[address...]', 'who is to be freed; without, those who could be are listed')
      .option('--silent <duration>', 'who was not heard of for so long', '180d')
      .option('--all', 'free all of those')
      .option('--counters <file>', 'what "pfctl -t TABLE -vT show" printed; "-" for standard input')
      .option('--command <name>', 'run this command of commands.json, and take what it prints for that')
      .option('--config <dir>', 'folder of commands.json', CONFIGURATION_FOLDER)
      .option(...stateOption)
      .option(...jsonOption),
  help: `
Lists who is banned for life and was not heard of for long: no line of theirs
came, while they were banned either. Lines are seen only where the firewall lets
them be, as pflog does with "block in log"; where it does not, everybody is
silent. pf counts the packets of each entry of a table that was made with the
word "counters" (table <blockips> persist counters file "/etc/blockips"), and
its counters are believed before the lines: who sent a packet since they were
cleared is not silent. nftables and ipset do not count by entry.

Those who are freed begin with no points; who comes back is banned again.

Examples
  log2table parole
  log2table parole --silent 365d
  doas pfctl -t blockips -vT show | log2table parole --counters -
  log2table parole 203.0.113.9
  log2table parole --silent 730d --all

Exit status
  0   there are some; or those who were named are free
  1   there is nobody; or one of them was not banned
  69  there is no database that could be read, or no daemon answers
`,
  async run([texts], options, io) {
    if (texts.length > 0 && options.all) throw new UserError(exitStatus.usage, 'name addresses, or all with --all, not both')
    if (texts.length > 0) return free(texts.map(addressArgument), options, io)
    const until = io.now() - lengthOption('--silent', options.silent)
    const database = await databaseOf(options, io)
    const counted = await countersOf(options, io)
    const lifers = askHistory(database, (history) => lifersOf(history.bans(io.now()), history.traces(0)))
    const silent = countedLifers(lifers, counted, io.now())
      .filter(({ lastAt }) => lastAt <= until)
      .sort((a, b) => a.lastAt - b.lastAt)
    if (options.all)
      return free(
        silent.map(({ ban }) => formatNetwork(ban.network)),
        options,
        io,
      )
    write(silent, options, io)
    return silent.length > 0 ? exitStatus.done : exitStatus.no
  },
}

async function countersOf({ counters, command, config }: ParoleOptions, io: Io): Promise<readonly CountedEntry[]> {
  if (counters === undefined && command === undefined) return []
  if (counters !== undefined && command !== undefined) {
    throw new UserError(exitStatus.usage, 'name a file with --counters, or a --command, and one of them only')
  }
  const counted = parseCounters(command === undefined ? await readInput(counters!, io) : await printedBy(command, config))
  if (counted.length > 0) return counted
  throw new UserError(
    exitStatus.badData,
    'what was read holds no counters; "pfctl -t TABLE -vT show" prints them where the table has the word "counters" in /etc/pf.conf',
  )
}

async function free(addresses: readonly string[], { json }: JsonOption, io: Io): Promise<ExitStatus> {
  let status: ExitStatus = exitStatus.done
  for (const address of addresses) {
    const one = await giveOrder({ do: 'unban', address, reason: 'paroled' }, { json }, io)
    if (one !== exitStatus.done) status = one
  }
  return status
}

function write(lifers: readonly Lifer[], { json }: JsonOption, { stdout, now }: Io): void {
  if (json) for (const lifer of lifers) stdout.write(`${jsonLine(recordOf(lifer))}\n`)
  else if (lifers.length === 0 && stdout.isTerminal) stdout.write('nobody who is banned for life was silent for so long\n')
  else {
    writeTable(
      stdout,
      ['ADDRESS', 'TABLE', 'SILENT FOR', 'BANNED', 'RULE', 'REASON'],
      lifers.map(({ ban, lastAt }) => [
        formatNetwork(ban.network),
        ban.table,
        roughly(now() - lastAt),
        localTime(ban.at),
        escapeText(ban.rule),
        escapeText(ban.reason),
      ]),
    )
  }
}

function recordOf({ ban, lastAt }: Lifer): object {
  const { network, table, at, rule, reason } = ban
  return { kind: 'lifer', address: formatNetwork(network), table, rule, reason, bannedAt: isoTime(at), lastAt: isoTime(lastAt) }
}
