import { type Command, type JsonOption, jsonOption } from '../command.ts'
import { addressArgument, giveOrder } from '../order.ts'

export interface UnbanOptions extends JsonOption {
  readonly reason?: string
}

export const unban: Command<[address: string], UnbanOptions> = {
  declare: (syntax) =>
    syntax
      .argument('<address>', 'an address or network, as "log2table bans" lists it')
      .option('--reason <text>', 'why; kept in its history')
      .option(...jsonOption),
  help: `
Ends all bans of it, by whatever rule and in whatever table, and forgets its
points: what it did up to now bans it no more, what it does from now on counts.
To spare it for good, put it on the ignore list.

Examples
  log2table unban 203.0.113.9
  log2table unban 2001:db8:0:1::/64 --reason "our own backup"

Exit status
  0   unbanned
  1   it was not banned
  64  no address, or an unknown option
  69  no daemon answers; or the firewall does not, then it is let in as soon as
      it does
`,
  run: ([address], { reason, json }, io) =>
    giveOrder({ do: 'unban', address: addressArgument(address), ...(reason !== undefined && { reason }) }, { json }, io),
}
