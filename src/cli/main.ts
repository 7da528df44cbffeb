import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import type { Output } from './command.ts'
import { errorText, runProgram } from './program.ts'

process.on('uncaughtException', (error) => {
  process.stderr.write(errorText(error))
  process.exit(exitStatus.software)
})

// For the case that it comes to no end, with nothing left to wait for.
process.exitCode = exitStatus.software
void main()

async function main(): Promise<never> {
  const { output: stdout, fault } = outputOf(process.stdout)
  const { output: stderr } = outputOf(process.stderr)
  const status = await runProgram(process.argv.slice(2), {
    stdin: process.stdin,
    stdout,
    stderr,
    env: process.env,
    now: Date.now,
  })
  await new Promise((written) => process.stdout.write('', written))
  const writeFault = fault()
  if (writeFault) stderr.write(errorText(writeFault))
  process.exit(writeFault?.status ?? status)
}

/** Standard output or standard error, and why it could not be written; that nobody reads it any more is no fault. */
function outputOf(stream: NodeJS.WriteStream): { readonly output: Output; readonly fault: () => UserError | undefined } {
  let isOpen = true
  let fault: UserError | undefined
  const closed = new Promise<void>((close) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (isOpen && error.code !== 'EPIPE')
        fault = new UserError(exitStatus.unavailable, `cannot write the output: ${error.message}`)
      isOpen = false
      close()
    })
  })
  const isTerminal = stream.isTTY === true
  const output: Output = {
    write(text) {
      if (isOpen) stream.write(text)
    },
    isTerminal,
    get width() {
      return isTerminal ? stream.columns || undefined : undefined
    },
    get height() {
      return isTerminal ? stream.rows || undefined : undefined
    },
    hasColour: isTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    closed,
  }
  return { output, fault: () => fault }
}
