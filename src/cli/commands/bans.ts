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
its columns: address, table, end, rule, points, beginning, reason. Who is free first
stands first. An address that is banned by two rules is listed twice.

Examples
  log2table bans
  log2table bans --table bad_ip | cut -f1
  log2table bans --json | jq -r 'select(.until == null) | .address'
`,
  async run(_, { table, json }, io) {
    const listed: BanAnswer[] = []
    const status = await ask(io.socketPath, { do: 'bans', ...(table !== undefined && { table }) }, (answer) => {
      if (answer.kind === 'ban') listed.push(answer)
    })
    listed.sort(byEnd)
    if (json) for (const ban of listed) io.stdout.write(`${jsonLine(ban)}\n`)
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

/** Who is free first, then by address as text with its numbers as numbers, then as the daemon has them: by beginning. */
function byEnd(a: BanAnswer, b: BanAnswer): number {
  const [untilA, untilB] = [untilOf(a), untilOf(b)]
  return untilA === untilB ? addresses.compare(a.address, b.address) : untilA - untilB
}

const addresses = new Intl.Collator('en', { numeric: true })

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
