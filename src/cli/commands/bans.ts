import { escapeText, jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { localTime } from '../../base/local-time.ts'
import type { BanAnswer } from '../../daemon/control-protocol.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { timeLeft, untilOf, writeTable } from '../output.ts'

export interface BansOptions extends JsonOption {
  readonly table?: string
}

export const bans: Command<[], BansOptions> = {
  declare: (syntax) => syntax.option('--table <name>', 'only those in this table').option(...jsonOption),
  help: `
On a terminal, aligned columns; into a pipe, one ban a line with a tab between
its columns: address, table, end, rule, points, beginning, reason. An address
that is banned by two rules is listed twice.

Examples
  log2table bans
  log2table bans --table bad_ip | cut -f1
  log2table bans --json | jq -r 'select(.until == null) | .address'
`,
  async run(_, { table, json }, io) {
    const listed: BanAnswer[] = []
    const status = await ask(io.socketPath, { do: 'bans', ...(table !== undefined && { table }) }, (answer) => {
      if (answer.kind !== 'ban') return
      if (json) io.stdout.write(`${jsonLine(answer)}\n`)
      else listed.push(answer)
    })
    if (json || status !== exitStatus.done) return status
    if (listed.length === 0 && io.stdout.isTerminal) io.stdout.write('nobody is banned\n')
    else
      writeTable(
        io.stdout,
        ['ADDRESS', 'TABLE', 'ENDS', 'RULE', 'POINTS', 'SINCE', 'REASON'],
        listed.map((ban) => rowOf(ban, io)),
      )
    return status
  },
}

function rowOf(ban: BanAnswer, { stdout, now }: Io): readonly string[] {
  const until = untilOf(ban)
  return [
    ban.address,
    ban.table,
    stdout.isTerminal ? timeLeft(until, now()) : ban.until === null ? 'for life' : localTime(until),
    escapeText(ban.rule),
    ban.score > 0 ? String(ban.score) : '-',
    localTime(Date.parse(ban.at)),
    escapeText(ban.reason),
  ]
}
