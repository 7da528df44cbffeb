import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { numberIn } from './chaos-lines.ts'

/**
 * Reads a file all the time, as `tail -f` does, and from its start where it has become shorter: what any reader can have of
 * a log that is rotated by copytruncate, if it never looks at the copy and is never interrupted.
 */
export function drain(path: string): { readonly numbers: ReadonlySet<number>; stop(): void } {
  const fd = openSync(path, 'r')
  const chunk = Buffer.alloc(64 * 1024)
  const numbers = new Set<number>()
  let offset = 0
  let rest = ''
  const read = () => {
    for (;;) {
      if (fstatSync(fd).size < offset) {
        offset = 0
        rest = ''
      }
      const count = readSync(fd, chunk, 0, chunk.length, offset)
      if (count === 0) return
      offset += count
      const lines = (rest + chunk.toString('latin1', 0, count)).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const number = numberIn(line)
        if (number !== undefined) numbers.add(number)
      }
    }
  }
  const timer = setInterval(read, 1)
  let isStopped = false
  return {
    numbers,
    stop() {
      if (isStopped) return
      isStopped = true
      clearInterval(timer)
      read()
      closeSync(fd)
    },
  }
}
