import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import type { EngineSocket } from '../daemon/engine-socket.ts'
import { userOf } from '../daemon/user.ts'

/** The first descriptor that a service manager passes on. */
const PASSED_FD = 3

/** Where the keeper or the reader waits for an engine: at `--listen`, or where the service manager says. */
export function engineSocketOf(
  command: string,
  { listen, owner }: { readonly listen: string | undefined; readonly owner: string | undefined },
  env: NodeJS.ProcessEnv,
): EngineSocket {
  if (listen !== undefined) return { path: listen, owner: owner === undefined ? undefined : userOf(owner) }
  if (env.LISTEN_FDS === '1' && env.LISTEN_PID === String(process.pid)) return { fd: PASSED_FD }
  throw new UserError(exitStatus.usage, `${command} needs --listen PATH where no service manager gives it a socket`)
}
