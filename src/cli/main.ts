import { exitStatus } from '../base/exit-status.ts'
import type { Output } from './command.ts'
import { errorText, runProgram } from './program.ts'

process.on('uncaughtException', (error) => {
  process.stderr.write(errorText(error))
  process.exit(exitStatus.software)
})

const stdout = outputOf(process.stdout)
const stderr = outputOf(process.stderr)
const status = await runProgram(process.argv.slice(2), { stdin: process.stdin, stdout, stderr, env: process.env, now: Date.now })
await new Promise((written) => process.stdout.write('', written))
process.exit(status)

function outputOf(stream: NodeJS.WriteStream): Output {
  let isOpen = true
  const closed = new Promise<'nobody reads' | Error>((close) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      isOpen = false
      close(error.code === 'EPIPE' ? 'nobody reads' : error)
    })
  })
  const isTerminal = stream.isTTY === true
  return {
    write(text) {
      if (isOpen) stream.write(text)
    },
    isTerminal,
    get width() {
      return isTerminal ? stream.columns : undefined
    },
    hasColour: isTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    closed,
  }
}
