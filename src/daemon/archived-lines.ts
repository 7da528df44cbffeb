import { openArchive } from '../sources/archive.ts'

/** A line of an old log. */
export interface ArchivedLine {
  readonly log: string
  /** Where it begins, as hits have it. */
  readonly position: number
  /** From 1. */
  readonly number: number
  readonly text: string
}

/** The blocks of an old log, plain or .gz, as they are read. */
export async function* archivedBlocks(path: string, say: (message: string) => void) {
  let wakeUp = () => {}
  const source = openArchive(path, {
    position: undefined,
    onReady: () => wakeUp(),
    say: (_level, message) => say(message),
    now: Date.now,
  })
  try {
    for (;;) {
      const block = source.read()
      if (block) yield block
      else if (source.state.kind === 'ended') return
      else await new Promise<void>((resolve) => (wakeUp = resolve))
    }
  } finally {
    source.close()
  }
}

/** The lines of old logs that hold a text, at most so many. */
export async function linesWith(
  text: string,
  paths: readonly string[],
  { say, most }: { readonly say: (message: string) => void; readonly most: number },
): Promise<readonly ArchivedLine[]> {
  const found: ArchivedLine[] = []
  for (const log of paths) {
    let number = 0
    for await (const { bytes, offset } of archivedBlocks(log, say)) {
      let start = 0
      for (const line of Buffer.from(bytes).toString('latin1').split('\n').slice(0, -1)) {
        number++
        const shown = Buffer.from(line.replace(/\r$/, ''), 'latin1').toString('utf8')
        if (shown.includes(text)) found.push({ log, position: offset + start, number, text: shown })
        if (found.length === most) return found
        start += line.length + 1
      }
    }
  }
  return found
}
