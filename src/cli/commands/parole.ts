import { formatNetwork } from '../../base/address.ts'
import { escapeText, jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { localTime } from '../../base/local-time.ts'
import { isoTime } from '../../base/units.ts'
import { UserError } from '../../base/user-error.ts'
import { type Lifer, lifersOf } from '../../history/offenders.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { askHistory, databaseOf, lengthOption, type StateOption, stateOption } from '../history.ts'
import { addressArgument, giveOrder } from '../order.ts'
import { roughly, writeTable } from '../output.ts'

export interface ParoleOptions extends JsonOption, StateOption {
  readonly silent: string
  readonly all?: true
}

export const parole: Command<[addresses: readonly string[]], ParoleOptions> = {
  declare: (syntax) =>
    syntax
      .argument('[address...]', 'who is to be freed; without, those who could be are listed')
      .option('--silent <duration>', 'who was not heard of for so long', '180d')
      .option('--all', 'free all of those')
      .option(...stateOption)
      .option(...jsonOption),
  help: `
Lists who is banned for life and was not heard of for long: no line of theirs
came, while they were banned either. Lines are seen only where the firewall lets
them be, as pflog does with "block in log"; where it does not, everybody is
silent. Those who are freed begin with no points; who comes back is banned again.

Examples
  log2table parole
  log2table parole --silent 365d
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
    const silent = askHistory(database, (history) => lifersOf(history.bans(io.now()), history.traces(0))).filter(
      ({ lastAt }) => lastAt <= until,
    )
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
