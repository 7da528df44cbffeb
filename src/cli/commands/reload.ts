import { escapeText, jsonLine } from '../../base/escape.ts'
import { type Command, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { count } from '../output.ts'

export const reload: Command<[], JsonOption> = {
  declare: (syntax) => syntax.option(...jsonOption),
  help: `
The daemon loads and checks the whole configuration first. With any fault the
old one stays in force, and every fault is printed. No line is lost meanwhile,
and no ban is lifted.

Exit status
  0   the new configuration is in force
  69  no daemon answers
  78  it has faults; the old one is in force
`,
  run: (_, { json }, io) =>
    ask(io.socketPath, { do: 'reload' }, (answer) => {
      if (answer.kind !== 'reloaded') return
      if (json) io.stdout.write(`${jsonLine(answer)}\n`)
      else {
        const { configuration, logs, rules, tables } = answer
        const what = configuration === null ? 'the shipped configuration' : escapeText(configuration)
        io.stdout.write(`${what} is in force: ${count(logs, 'log')}, ${count(rules, 'rule')}, ${count(tables, 'table')}\n`)
      }
    }),
}
