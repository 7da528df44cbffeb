import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import type { ReplayOptions } from '../daemon/replay.ts'
import { alwaysProtected } from '../firewall/protected.ts'
import { defaultsFor } from '../parameters/defaults.ts'
import type { Configuration, LogEntry } from '../parameters/parameters.ts'
import type { Io } from './command.ts'
import { loadOrExplain } from './configuration.ts'
import { keyOfLog } from './which-log.ts'

/** What old logs are replayed with: the configuration of a folder, or the shipped patterns where none is named. */
export async function replayOptions(
  folder: string | undefined,
  logs: readonly string[],
  as: string | undefined,
  io: Pick<Io, 'stderr' | 'env'>,
): Promise<Pick<ReplayOptions, 'rules' | 'tables' | 'logs' | 'protection'>> {
  const configuration = folder === undefined ? defaultsFor(logs) : await loadOrExplain(folder, io)
  return {
    rules: configuration.rules,
    tables: new Set(configuration.tables.keys()),
    logs: logs.map((path) => ({ path, ...entryFor(configuration, path, as, folder) })),
    protection: { ignored: configuration.ignore.networks, protected: alwaysProtected, proxies: configuration.proxies },
  }
}

function entryFor(configuration: Configuration, path: string, as: string | undefined, folder: string | undefined): LogEntry {
  const keys = configuration.logs.map(({ key }) => key)
  const key = folder === undefined ? path : keyOfLog(path, as, keys)
  const entry = configuration.logs.find((one) => one.key === key)
  if (entry) return entry
  const known = keys.map((one) => `"${one}"`).join(', ')
  const what = as === undefined ? `no key of its logs matches ${path}` : `its logs have no key "${as}"`
  throw new UserError(exitStatus.usage, `${folder}/parameters.ts: ${what}; name one with --as: ${known}`)
}
