import { dirname, join } from 'node:path'
import { exitStatus } from '../../base/exit-status.ts'
import type { Log } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { version } from '../../base/version.ts'
import { startDaemon } from '../../daemon/daemon.ts'
import { serviceManager } from '../../daemon/service-manager.ts'
import { HangUps, untilEnded } from '../../daemon/signals.ts'
import { supervise } from '../../daemon/supervisor.ts'
import { become, ENGINE_USER } from '../../daemon/user.ts'
import { acceptedIn, keepAccepted } from '../../parameters/accepted.ts'
import { CONFIGURATION_FOLDER, CONTROL_SOCKET, type Configuration, stateFolderOf } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { engineUserOf, loadOrExplain, reloadOrExplain } from '../configuration.ts'
import { confirmMsOf, sshConnectionOf } from '../order.ts'
import { decisionLine, writingTogether } from '../output.ts'
import { declareOwnLog, type OwnLogOptions, ownLog, ownLogArguments } from '../own-log.ts'
import { printReport } from '../print-report.ts'
import { tryConfiguration } from '../try.ts'

interface Options extends JsonOption, OwnLogOptions {
  readonly config?: string
  readonly try?: string | true
  readonly keeper?: string
  readonly reader?: string
  readonly accepted?: string
  readonly user?: string
  readonly confirm?: string
}

export const run: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('--config <dir>', 'folder of parameters.ts (default /etc/log2table)')
      .option(
        '--try [dir]',
        'no configuration: follow the logs of this machine into a dry run, with all state in DIR (default .run)',
      )
      .option('--keeper <socket>', 'leave the firewall to the keeper that listens there, else on LOG2TABLE_KEEPER')
      .option('--reader <socket>', 'have logs that are closed to us read by who listens there, else on LOG2TABLE_READER')
      .option(
        '--accepted <dir>',
        'where the configuration that was accepted last is kept, to start with when the new one has faults',
      )
      .option('--confirm <duration>', 'go back to the one accepted last, unless "log2table confirm" comes in time: 5m')
      .option('--user <name>', `as whom configuration is run, else LOG2TABLE_USER, else ${ENGINE_USER}`)
      .option(...jsonOption)
    declareOwnLog(syntax)
  },
  help: `
Stays in the foreground. Each decision is a line on standard output, all else goes to standard error.
With --confirm the configuration is on trial, as with "log2table reload --confirm"; what it gives way to is the copy in --accepted.
HUP loads the configuration again (with any fault the old one stays); INT and TERM end it. Ending lifts no ban.
As root it only keeps the tables, and starts a second process as --user that does all the rest, again if it should die; and a
third, which reads logs that are closed to that user, where commands.json lets it.
As anybody else it is one process, and its tables must need no rights; or --keeper names who has them.

Examples
  log2table run
  log2table run --config ./etc -d
  log2table run --try
`,
  outlivesItsOutput: true,
  async run(_args, { config, try: folder, json, keeper, reader, accepted, user, confirm, ...own }, io) {
    const log = ownLog(io, own)
    const keeperPath = keeper ?? (io.env.LOG2TABLE_KEEPER || undefined)
    const readerPath = reader ?? (io.env.LOG2TABLE_READER || undefined)
    const engineUser = folder === undefined ? engineUserOf(io, user) : undefined
    if (engineUser && keeperPath === undefined) {
      const copy = accepted ?? join(stateFolderOf(process.platform), 'accepted')
      return await supervise({
        engine: [process.execPath, ...process.execArgv, ...withoutConfirm(process.argv.slice(1)), '--accepted', copy],
        atFirst: confirm === undefined ? undefined : { args: ['--confirm', confirm], ms: confirmMsOf(confirm) },
        user: engineUser,
        keeperSocket: join(`${dirname(io.socketPath)}-keeper`, 'keeper.sock'),
        reader: [
          ...[process.execPath, ...process.execArgv, process.argv[1]!],
          ...['reader', '--config', config ?? CONFIGURATION_FOLDER],
          ...ownLogArguments(own),
        ],
        readerSocket: join(`${dirname(io.socketPath)}-reader`, 'reader.sock'),
        folders: [dirname(copy), dirname(io.socketPath)],
        folder: config ?? CONFIGURATION_FOLDER,
        keeperState: `${dirname(copy)}-keeper`,
        log,
        now: io.now,
      })
    }
    const hangUps = new HangUps()
    if (engineUser) become(engineUser)
    const asUser = { ...io, env: { ...io.env, ...(user !== undefined && { LOG2TABLE_USER: user }) } }
    const attempt = folder === undefined ? undefined : tryConfiguration(folder === true ? '.run' : folder, log)
    const loadBy = (explain: typeof loadOrExplain) => async () => attempt?.configuration ?? explain(config, asUser)
    const configuration = withSocket(await loadFirst(loadBy(loadOrExplain), { accepted, log, io: asUser }), io)
    const trial = confirm === undefined ? undefined : await trialOf(confirm, { accepted, io: asUser, configuration })
    let fail: (error: unknown) => void = () => {}
    const failed = new Promise<never>((_resolve, reject) => (fail = reject))
    const writeDecisions = writingTogether(io.stdout)
    const daemon = await startDaemon({
      configuration,
      reload: async () => withSocket(await loadBy(reloadOrExplain)(), io),
      trial,
      keeperPath,
      readerPath,
      onAccepted: ({ folder }) => accept(folder, accepted, log),
      version,
      log,
      now: io.now,
      startAt: 'start',
      onDecision: (decision) => writeDecisions(decisionLine(decision, io.stdout, { json })),
      onFault: fail,
      printReport,
    })
    // Before it is told that it runs: whoever reads that may send a signal at once.
    const ended = untilEnded({ hangUps, onHangUp: () => reload(() => daemon.control.reload(), log), log })
    log.info('running', { version, pid: process.pid, configuration: configuration.folder, state: configuration.stateFolder })
    attempt?.play()
    const manager = serviceManager({ env: io.env, log, report: async () => daemon.control.status() })
    try {
      manager.ready().catch(fail)
      await Promise.race([failed, ended])
    } finally {
      attempt?.stop()
      await Promise.all([manager.stopping(), daemon.stop()])
    }
    log.info('ended; bans stay in force')
    return exitStatus.done
  },
}

/** Somebody may be editing the configuration when we are started again: then the last one that was accepted is good enough. */
async function loadFirst(
  load: () => Promise<Configuration>,
  { accepted, log, io }: { accepted: string | undefined; log: Log; io: Pick<Io, 'stderr' | 'env'> },
): Promise<Configuration> {
  try {
    return await load()
  } catch (error) {
    const folder = accepted === undefined ? undefined : acceptedIn(accepted)
    if (!(error instanceof UserError) || folder === undefined) throw error
    for (const line of error.message.split('\n')) log.error(line)
    log.error('the configuration has faults; the one that was accepted last is in force', { folder })
    return loadOrExplain(folder, io)
  }
}

/** What is in force where nobody confirms the configuration. */
async function trialOf(
  confirm: string,
  { accepted, io, configuration }: { accepted: string | undefined; io: Io; configuration: Configuration },
) {
  const confirmMs = confirmMsOf(confirm)
  const folder = accepted === undefined ? undefined : acceptedIn(accepted)
  if (folder === undefined) {
    throw new UserError(
      exitStatus.usage,
      `--confirm needs a configuration to go back to, and ${accepted ?? 'no folder (--accepted)'} holds none; run once without it`,
    )
  }
  const before = withSocket(await loadOrExplain(folder, io), io)
  if (before.stateFolder !== configuration.stateFolder || before.control !== configuration.control)
    throw new UserError(exitStatus.configuration, 'stateFolder and control cannot be changed on trial')
  return { order: { confirmMs, connection: sshConnectionOf(io.env) }, before }
}

/** The engine is told by itself, and only as long as it may be on trial. */
function withoutConfirm(args: readonly string[]): readonly string[] {
  return args.filter((arg, index) => !arg.startsWith('--confirm') && args[index - 1] !== '--confirm')
}

function accept(folder: string | undefined, accepted: string | undefined, log: Log): void {
  if (folder === undefined || accepted === undefined || folder.startsWith(accepted)) return
  try {
    keepAccepted(folder, accepted)
  } catch (error) {
    log.warning(`no copy of the configuration is kept: ${(error as Error).message}`)
  }
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
