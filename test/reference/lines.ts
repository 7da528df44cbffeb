import { closeSync, openSync, readSync } from 'node:fs'

/** The lines of a file, one byte a character. Written once more, so that it shares nothing with what it is to check. */
export function* readLines(file: string): Generator<string, void, void> {
  const descriptor = openSync(file, 'r')
  const bytes = Buffer.alloc(1 << 20)
  try {
    let rest = ''
    for (;;) {
      const count = readSync(descriptor, bytes, 0, bytes.length, null)
      if (count === 0) return
      const lines = (rest + bytes.toString('latin1', 0, count)).split('\n')
      rest = lines.pop()!
      yield* lines
    }
  } finally {
    closeSync(descriptor)
  }
}
