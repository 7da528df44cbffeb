import { escapeText, jsonLine } from '../../base/escape.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { confirmMsOf, sshConnectionOf } from '../order.ts'
import { count } from '../output.ts'

interface Options extends JsonOption {
  readonly confirm?: string
}

export const reload: Command<[], Options> = {
  declare: (syntax) =>
    syntax.option('--confirm <duration>', 'undo it after that time, unless "log2table confirm" comes: 5m').option(...jsonOption),
  help: `
The daemon loads and checks the whole configuration first. With any fault the
old one stays in force, and every fault is printed. No line is lost meanwhile,
and no ban is lifted.

With --confirm the new one is on trial: log in anew within that time, which proves
that you still can, and run "log2table confirm" there. Without that the one before
is put back in force, and what rules banned in the meantime is lifted; the files
stay as you wrote them. Who asked over ssh is told by SSH_CONNECTION, and must
confirm over another connection.

Examples
  log2table reload
  log2table reload --confirm 5m

Exit status
  0   the new configuration is in force
  69  no daemon answers
  78  it has faults; the old one is in force
`,
  run(_, { confirm, json }, io) {
    const trial = confirm === undefined ? {} : trialOf(confirm, io)
    return ask(io.socketPath, { do: 'reload', ...trial }, (answer) => {
      if (answer.kind !== 'reloaded') return
      if (json) io.stdout.write(`${jsonLine(answer)}\n`)
      else {
        const { configuration, logs, rules, tables } = answer
        const what = configuration === null ? 'the shipped configuration' : escapeText(configuration)
        io.stdout.write(`${what} is in force: ${count(logs, 'log')}, ${count(rules, 'rule')}, ${count(tables, 'table')}\n`)
        if (confirm !== undefined) io.stdout.write(`for ${confirm}, unless "log2table confirm" comes from a new connection\n`)
      }
    })
  },
}

function trialOf(text: string, { env }: Io) {
  const confirmMs = confirmMsOf(text)
  const connection = sshConnectionOf(env)
  return { confirmMs, ...(connection !== undefined && { connection }) }
}
