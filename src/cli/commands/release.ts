import { escapeText, jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { writeTable } from '../output.ts'

export interface ReleaseOptions extends JsonOption {
  readonly all?: true
}

export const release: Command<[names: readonly string[]], ReleaseOptions> = {
  declare: (syntax) =>
    syntax
      .argument('[name...]', 'patterns and rules, as this lists them')
      .option('--all', 'all that were stopped')
      .option(...jsonOption),
  help: `
A pattern whose regex ran out of time on some line, and a rule that failed, are
stopped so that the others can go on. A rule that banned too many clients who had
logged in lately is frozen: it says whom it would have banned, and bans nobody, also
after a reload. With neither a name nor --all, this lists them, with the reason;
with a name, it is put to work again as it is, until it fails again. To be rid of
the trouble, change it and "log2table reload", and then release a frozen rule.

Examples
  log2table release
  log2table release mine/slow-one
  log2table release --all

Exit status
  0   done, all of them
  1   nothing of that name was stopped
  69  no daemon answers
`,
  async run([names], { all, json }, io) {
    if (all && names.length > 0) throw new UserError(exitStatus.usage, 'give names or --all, not both')
    if (names.length === 0 && !all) return await list({ json }, io)
    let status: ExitStatus = exitStatus.done
    for (const name of all ? [undefined] : names) {
      if ((await free(name, { json }, io)) !== exitStatus.done) status = exitStatus.no
    }
    return status
  },
}

async function free(name: string | undefined, { json }: JsonOption, { socketPath, stdout, stderr }: Io): Promise<ExitStatus> {
  const status = await ask(socketPath, { do: 'release', ...(name !== undefined && { name }) }, (answer) => {
    if (answer.kind !== 'released') return
    stdout.write(json ? `${jsonLine(answer)}\n` : `released ${answer.what} ${escapeText(answer.name)}\n`)
  })
  if (status === exitStatus.no) {
    const message = name === undefined ? 'nothing was stopped' : `no pattern or rule "${escapeText(name)}" was stopped`
    stderr.write(`log2table: ${message}${name === undefined ? '' : '; "log2table release" lists them'}\n`)
  }
  return status
}

async function list({ json }: JsonOption, { socketPath, stdout }: Io): Promise<ExitStatus> {
  await ask(socketPath, { do: 'status' }, (answer) => {
    if (answer.kind !== 'status') return
    const held = [
      ...answer.rules.flatMap(({ rule, state, reason }) =>
        state === 'running' ? [] : { what: 'rule', name: rule, state, reason },
      ),
      ...answer.patterns.map(({ pattern, state, reason }) => ({ what: 'pattern', name: pattern, state, reason })),
    ]
    if (json) for (const one of held) stdout.write(`${jsonLine({ kind: 'stopped', ...one })}\n`)
    else if (held.length === 0 && stdout.isTerminal) stdout.write('nothing was stopped\n')
    else {
      const rows = held.map(({ what, name, state, reason }) => [escapeText(name), what, state, escapeText(reason ?? '')])
      writeTable(stdout, ['NAME', 'WHAT', 'STATE', 'REASON'], rows)
    }
  })
  return exitStatus.done
}
