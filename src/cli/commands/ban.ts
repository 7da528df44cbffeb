import { parseDuration } from '../../base/duration.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import { durationFault } from '../../base/value.ts'
import { type Command, type JsonOption, jsonOption } from '../command.ts'
import { addressArgument, connectedFrom, giveOrder } from '../order.ts'

export interface BanOptions extends JsonOption {
  readonly for: string
  readonly table?: string
  readonly reason?: string
}

export const ban: Command<[address: string], BanOptions> = {
  declare: (syntax) =>
    syntax
      .argument('<address>', 'an address (192.0.2.7) or a network (192.0.2.0/24, 2001:db8:0:1::/64); names are not resolved')
      .option('--for <duration>', 'how long: 90s, 10m, 1h, 7d, 1d12h, or "life"', '1h')
      .option('--table <name>', 'the table to put it into (default: the first one of the configuration)')
      .option('--reason <text>', 'why; shown wherever the ban is')
      .option(...jsonOption),
  help: `
A ban by hand stands beside those of the rules: each ends at its own time. Given
again, it takes the place of the one before. What would lock somebody out is
refused: the ignore list, this machine's own addresses, gateways and resolvers,
whoever is logged in, and the address that you are connected from.

Examples
  log2table ban 203.0.113.9
  log2table ban 203.0.113.0/24 --for 7d --reason "port scans, case 1234"
  log2table ban 2001:db8:0:1::/64 --for life --table blockips

Exit status
  0   banned
  1   refused, and it says why
  64  no address, or an unknown option
  69  no daemon answers; or the firewall does not, then the ban stands and comes
      into force as soon as it does
`,
  run([text], { for: lasts, table, reason, json }, io) {
    const invoker = connectedFrom(io.env)
    const order = {
      do: 'ban' as const,
      address: addressArgument(text),
      forMs: lastsMs(lasts),
      ...(table !== undefined && { table }),
      ...(reason !== undefined && { reason }),
      ...(invoker !== undefined && { invoker }),
    }
    return giveOrder(order, { json }, io)
  },
}

/** Null for life, as in the protocol. */
function lastsMs(text: string): number | null {
  if (text === 'life') return null
  const fault = durationFault(text)
  if (fault) throw new UserError(exitStatus.usage, `--for: ${fault.message}; ${fault.hint}, or "life"`)
  return parseDuration(text)!
}
