import { join } from 'node:path'
import { parseDuration } from '../base/duration.ts'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { durationFault } from '../base/value.ts'
import { stateFolderOf } from '../parameters/parameters.ts'
import { openHistory } from '../store/history.ts'
import { type HistoryReader, StoreError } from '../store/store.ts'
import type { Io } from './command.ts'
import { ask } from './control-client.ts'

/** Declared by the commands that read the database themselves: `syntax.option(...stateOption)`. */
export const stateOption = ['--state <dir>', 'read the database in this folder, not that of the daemon'] as const

export interface StateOption {
  readonly state?: string
}

const DATABASE = 'state.db'

/** The database in a state folder, by default the usual one of this system. */
export function databaseIn(folder: string = stateFolderOf(process.platform)): string {
  return join(folder, DATABASE)
}

/** The database that `--state` names, else that of the daemon, else the usual one. */
export async function databaseOf({ state }: StateOption, { socketPath }: Pick<Io, 'socketPath'>): Promise<string> {
  if (state !== undefined) return databaseIn(state)
  let path: string | undefined
  try {
    await ask(socketPath, { do: 'status' }, (answer) => {
      if (answer.kind === 'status') path = answer.store.path
    })
  } catch (error) {
    if (!(error instanceof UserError) || error.status !== exitStatus.unavailable) throw error
  }
  return path ?? databaseIn()
}

/** A length of time that an option names, in milliseconds. */
export function lengthOption(flag: string, text: string): number {
  const fault = durationFault(text)
  if (fault) throw new UserError(exitStatus.usage, `${flag}: ${fault.message}; ${fault.hint}`)
  return parseDuration(text)!
}

/** Opens a database, asks it, and closes it; what is wrong with it is for the user to mend. */
export function askHistory<T>(path: string, question: (history: HistoryReader) => T): T {
  try {
    const history = openHistory(path)
    try {
      return question(history)
    } finally {
      history.close()
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const status: ExitStatus = error.fault === 'corrupt' ? exitStatus.badData : exitStatus.unavailable
    throw new UserError(status, error.message, { cause: error })
  }
}
