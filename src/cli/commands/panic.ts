import { setTimeout as sleep } from 'node:timers/promises'
import { exitStatus } from '../../base/exit-status.ts'
import { logTo } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { keeperFolderIn, PanicFolder } from '../../daemon/panic-folder.ts'
import { tearDownTables } from '../../daemon/without-keeper.ts'
import { PANIC_LOOK_MS } from '../../firewall/keeper.ts'
import { RequestError } from '../../firewall/request.ts'
import { loadCommands, namedOf } from '../../parameters/commands-json.ts'
import { CONFIGURATION_FOLDER, keeperStateOf, stateFolderOf } from '../../parameters/parameters.ts'
import type { Command, Io } from '../command.ts'
import { ask } from '../control-client.ts'
import { count } from '../output.ts'

interface Options {
  readonly end?: true
  readonly state?: string
  readonly config: string
}

/** A keeper may be just looking, and then has commands to wait for. */
const SEEN_MS = 2 * PANIC_LOOK_MS

export const panic: Command<[], Options> = {
  declare: (syntax) =>
    syntax
      .option('--end', 'the panic is over: ban again')
      .option('--state <dir>', "the keeper's folder (default: where it is with or without a process of its own)")
      .option('--config <dir>', 'folder of commands.json', CONFIGURATION_FOLDER),
  help: `
For the moment when the wrong people are banned and nothing else helps. Empties all
tables of ours and takes away the rules that we made for them, whether or not the
daemon works; needs the right to change the firewall. From then on nothing is put
in, also after a restart, until "log2table panic --end". The daemon goes on
deciding, so all who are banned are in the tables again then; "unban" and
"reload" help before that.

A file called panic in the keeper's folder does the same, within a second or so,
as long as the keeper runs. Is it removed by hand, "log2table reload" bans again.

Examples
  log2table panic
  touch ${keeperStateOf(process.platform)}/panic
  log2table panic --end

Exit status
  0   nothing of ours is in the firewall any more; with --end: it is, or will be
  1   with --end: there is no panic
  69  the firewall does not answer, or no keeper was ever here
  77  not permitted
`,
  async run(_args, { end, state, config }, io) {
    const log = logTo((line) => io.stderr.write(`${line}\n`))
    const places =
      state === undefined ? [keeperStateOf(process.platform), keeperFolderIn(stateFolderOf(process.platform))] : [state]
    const folders = places.map((path) => new PanicFolder(path, log))
    if (end) return await endPanic(folders, io)

    const known = folders.flatMap((folder) => {
      const tables = folder.tables()
      return tables === undefined ? [] : [{ folder, tables }]
    })
    if (known.length === 0) {
      throw new UserError(
        exitStatus.unavailable,
        `no keeper has left its tables in ${places.join(' or ')}; name its folder with --state`,
      )
    }
    for (const { folder } of known) orNotPermitted(() => folder.begin())
    await sleep(SEEN_MS)
    const named = namedOf(loadCommands(config))
    let isGone = true
    try {
      for (const { tables } of known) isGone = (await tearDownTables(tables, named, log)) && isGone
    } catch (error) {
      if (error instanceof RequestError) throw new UserError(exitStatus.unavailable, error.message, { cause: error })
      throw error
    }
    if (!isGone) return exitStatus.unavailable
    const tables = known.reduce((sum, one) => sum + one.tables.length, 0)
    io.stdout.write(`${count(tables, 'table')} torn down: nobody is banned by us; "log2table panic --end" ends this\n`)
    return exitStatus.done
  },
}

async function endPanic(folders: readonly PanicFolder[], { socketPath, stdout, stderr }: Io) {
  if (folders.filter((folder) => orNotPermitted(() => folder.end())).length === 0) {
    throw new UserError(exitStatus.no, 'there is no panic')
  }
  try {
    // What has torn its tables down never puts anything back: a keeper is made anew.
    await ask(socketPath, { do: 'reload' }, () => {})
    stdout.write('the panic is over; all who are banned are put into the tables again\n')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (error.status !== exitStatus.unavailable) stderr.write(`log2table: ${error.message}\n`)
    stdout.write('the panic is over; tables are filled with the next start or reload of the daemon\n')
  }
  return exitStatus.done
}

function orNotPermitted<T>(change: () => T): T {
  try {
    return change()
  } catch (error) {
    throw new UserError(exitStatus.notPermitted, `${(error as Error).message}; run this as root`, { cause: error })
  }
}
