import { formatNetwork } from '../../base/address.ts'
import { jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import { type RequestMessage, SNAPSHOT_ADDRESSES_MAX } from '../../daemon/control-protocol.ts'
import { parseIgnoreFile } from '../../parameters/ignore-file.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { printedBy, readInput } from '../input.ts'
import { count, number } from '../output.ts'

export interface SnapshotOptions extends JsonOption {
  readonly table?: string
  readonly command?: string
  readonly config: string
}

export const snapshot: Command<[file: string | undefined], SnapshotOptions> = {
  declare: (syntax) =>
    syntax
      .argument('[file]', 'what another machine printed of its table, one address a line; "-" for standard input')
      .option('--table <host/table>', 'whose table that is: fw1/bad_ip')
      .option('--command <name>', 'run this command of commands.json, and take what it prints')
      .option('--config <dir>', 'folder of commands.json', CONFIGURATION_FOLDER)
      .option(...jsonOption),
  help: `
Without arguments it notes how many entries our own tables hold; the daemon does
so by itself, once a day. With --table it notes what the table of another
machine holds today: each address in it counts as listed on this day, as by one
of our own bans. To be run once a day, by cron.

commands.json names what may be run:
  { "commands": { "fw1": { "argv":
    ["/usr/bin/ssh", "fw1", "doas", "pfctl", "-t", "bad_ip", "-T", "show"] } } }

Examples
  log2table snapshot
  log2table snapshot --table fw1/bad_ip --command fw1
  ssh fw2 doas pfctl -t bad_ip -T show | log2table snapshot --table fw2/bad_ip -
  log2table offenders --tables

Exit status
  0   it is in the history
  65  what was read holds no address, or the command failed
  69  no daemon answers
`,
  async run([file], options, io) {
    if (file === undefined && options.command === undefined && options.table === undefined) {
      return tell({ do: 'snapshot' }, options, io)
    }
    if (options.table === undefined) throw new UserError(exitStatus.usage, 'say whose table it is, with --table HOST/TABLE')
    if ((file === undefined) === (options.command === undefined)) {
      throw new UserError(exitStatus.usage, 'name a file, "-" or a --command, and one of them only')
    }
    const text = file === undefined ? await printedBy(options.command!, options.config) : await readInput(file, io)
    const { networks, faults } = parseIgnoreFile(text)
    if (faults.length > 0) io.stderr.write(`log2table: ${count(faults.length, 'line')} without an address passed over\n`)
    if (networks.length === 0 && text.trim() !== '') {
      throw new UserError(exitStatus.badData, 'what was read holds no address; one a line is expected, as pfctl prints them')
    }
    const addresses = [...new Set(networks.map(formatNetwork))]
    const request = { do: 'snapshot', table: options.table, entries: addresses.length } as const
    // The first may be empty: an empty table is news, too.
    for (let from = 0; from === 0 || from < addresses.length; from += SNAPSHOT_ADDRESSES_MAX) {
      const isLast = from + SNAPSHOT_ADDRESSES_MAX >= addresses.length
      const part = { ...request, addresses: addresses.slice(from, from + SNAPSHOT_ADDRESSES_MAX) }
      const status = await tell(part, options, io, isLast)
      if (status !== exitStatus.done) return status
    }
    return exitStatus.done
  },
}

function tell(request: RequestMessage, { json }: JsonOption, { socketPath, stdout }: Io, isShown = true): Promise<ExitStatus> {
  return ask(socketPath, request, (answer) => {
    if (answer.kind !== 'snapshot' || !isShown) return
    stdout.write(json ? `${jsonLine(answer)}\n` : `${answer.table}: ${number(answer.entries)}\n`)
  })
}
