import { connect } from 'node:net'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import {
  ANSWER_LINE_BYTES_MAX,
  type Answer,
  parseAnswer,
  type RequestMessage,
  SOCKET_PATH_BYTES_MAX,
} from '../daemon/control-protocol.ts'

/** How long the daemon may be silent; a reload tries out the whole configuration first. */
const SILENCE_MS_MAX = 60_000

/**
 * Asks the daemon, hands over each line of its answer, and resolves to the exit status that it gave. What the daemon calls
 * an error, and a daemon that does not answer, is thrown as a `UserError`.
 */
export function ask(
  socketPath: string,
  request: RequestMessage,
  onAnswer: (answer: Exclude<Answer, { kind: 'end' | 'error' }>) => void,
): Promise<ExitStatus> {
  return new Promise((resolve, reject) => {
    if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES_MAX) {
      throw new UserError(exitStatus.usage, `${socketPath}: the path of a socket has at most ${SOCKET_PATH_BYTES_MAX} bytes`)
    }
    const socket = connect(socketPath)
    const fail = (error: unknown) => {
      reject(error)
      socket.destroy()
    }
    const onLine = (line: string) => {
      const answer = parseAnswer(line)
      if (!answer) fail(unavailable(socketPath, 'does not speak as this command does; is it of another version?'))
      else if (answer.kind === 'error') fail(new UserError(statusOf(answer.status), answer.message))
      else if (answer.kind === 'end') {
        resolve(statusOf(answer.status))
        socket.end()
      } else onAnswer(answer)
    }
    let rest = ''
    socket.setEncoding('utf8')
    socket.setTimeout(SILENCE_MS_MAX, () => fail(unavailable(socketPath, `has been silent for ${SILENCE_MS_MAX / 1_000}s`)))
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      try {
        for (const line of lines) if (!socket.destroyed) onLine(line)
      } catch (error) {
        fail(error)
      }
      if (rest.length > ANSWER_LINE_BYTES_MAX) fail(unavailable(socketPath, 'gives an answer without an end'))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => fail(connectionFault(socketPath, error)))
    socket.on('close', () => fail(unavailable(socketPath, 'hung up; it may be stopping, or have too many requests: try again')))
  })
}

function unavailable(socketPath: string, what: string): UserError {
  return new UserError(exitStatus.unavailable, `the daemon on ${socketPath} ${what}`)
}

function connectionFault(socketPath: string, error: NodeJS.ErrnoException): UserError {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return new UserError(
        exitStatus.unavailable,
        `no daemon answers on ${socketPath}; is it running? start it with "log2table run"`,
      )
    case 'EACCES':
    case 'EPERM':
      return new UserError(
        exitStatus.notPermitted,
        `no permission to speak to the daemon on ${socketPath}; run this as root or as the daemon's user`,
      )
    default:
      return unavailable(socketPath, `cannot be spoken to: ${error.message}`)
  }
}

const statuses: ReadonlySet<number> = new Set(Object.values(exitStatus))

/** A newer daemon may know a status that we do not. */
function statusOf(status: number): ExitStatus {
  return statuses.has(status) ? (status as ExitStatus) : exitStatus.software
}
