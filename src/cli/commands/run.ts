import { exitStatus } from '../../base/exit-status.ts'
import { type Log, logTo } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { version } from '../../base/version.ts'
import { startDaemon } from '../../daemon/daemon.ts'
import { untilEnded } from '../../daemon/signals.ts'
import { CONTROL_SOCKET, type Configuration } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { loadOrExplain } from '../configuration.ts'
import { decisionLine } from '../output.ts'
import { tryConfiguration } from '../try.ts'

interface Options extends JsonOption {
  readonly config?: string
  readonly detail?: true
  readonly try?: string | true
}

export const run: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('--config <dir>', 'folder of parameters.ts (default /etc/log2table)')
      .option('-d, --detail', 'say more, for finding out what is going on')
      .option(
        '--try [dir]',
        'no configuration: follow the logs of this machine into a dry run, with all state in DIR (default .run)',
      )
      .option(...jsonOption)
  },
  help: `
Stays in the foreground. Each decision is a line on standard output, all else goes to standard error.
HUP loads the configuration again (with any fault the old one stays); INT and TERM end it. Ending lifts no ban.

Examples
  log2table run
  log2table run --config ./etc -d
  log2table run --try
`,
  outlivesItsOutput: true,
  async run(_args, { config, detail = false, try: folder, json }, io) {
    const log = logTo((line) => io.stderr.write(`${line}\n`), { detail })
    const attempt = folder === undefined ? undefined : tryConfiguration(folder === true ? '.run' : folder, log)
    const load = (): Promise<Configuration> => (attempt ? Promise.resolve(attempt.configuration) : loadOrExplain(config, io))
    const configuration = withSocket(await load(), io)
    let fail: (error: unknown) => void = () => {}
    const failed = new Promise<never>((_resolve, reject) => (fail = reject))
    const daemon = await startDaemon({
      configuration,
      reload: async () => withSocket(await load(), io),
      version,
      log,
      now: io.now,
      startAt: 'start',
      onDecision: (decision) => io.stdout.write(decisionLine(decision, io.stdout, { json })),
      onFault: fail,
    })
    log.info('running', { version, pid: process.pid, configuration: configuration.folder, state: configuration.stateFolder })
    attempt?.play()
    try {
      await Promise.race([failed, untilEnded({ onHangUp: () => reload(daemon.control.reload, log), log })])
    } finally {
      attempt?.stop()
      await daemon.stop()
    }
    log.info('ended; bans stay in force')
    return exitStatus.done
  },
}

/** `--socket` and LOG2TABLE_SOCKET go before what the configuration says. */
function withSocket(configuration: Configuration, { socketPath }: Io): Configuration {
  return socketPath === CONTROL_SOCKET ? configuration : { ...configuration, control: socketPath }
}

async function reload(load: () => Promise<unknown>, log: Log): Promise<void> {
  try {
    await load()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    log.error('the configuration was not loaded again; the old one stays in force')
    for (const line of error.message.split('\n')) log.error(line)
  }
}
