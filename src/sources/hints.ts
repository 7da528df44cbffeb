import { type FSWatcher, watch } from 'node:fs'
import { isForbidden, reasonOf } from './open-file.ts'

/** After a look, hints wait this long and are one. */
const PAUSE_MS = 2
/** With so many hints within a pause a log is busy: a hint for every line costs more than looking after every pause. */
const BUSY_HINTS = 4
/** After so many looks in vain it is quiet again. */
const QUIET_LOOKS = 50

let hasSaidWhyNot = false

/**
 * Calls `look` soon after a file was changed or renamed, most of the time: hints and no more, because watches run out,
 * overflow, and see nothing on some file systems. `look` says whether there was something. Gives back what ends it.
 */
export function watchFile(path: string, look: () => boolean, say: (level: 'info', message: string) => void): () => void {
  let watcher = tryToWatch(path, onHint, say)
  let timer: NodeJS.Timeout | undefined
  let hints = 0
  let looksInVain = 0

  function onHint() {
    hints++
    if (timer) return
    look()
    timer = setTimeout(afterPause, PAUSE_MS)
  }

  function afterPause() {
    timer = undefined
    const since = hints - 1
    hints = 0
    if (since >= BUSY_HINTS) {
      watcher?.close()
      looksInVain = 0
      lookAgain()
    } else if (since > 0) onHint()
  }

  function lookAgain() {
    looksInVain = look() ? 0 : looksInVain + 1
    if (looksInVain < QUIET_LOOKS) {
      timer = setTimeout(lookAgain, PAUSE_MS)
      return
    }
    timer = undefined
    watcher = tryToWatch(path, onHint, say)
    look()
  }

  return () => {
    clearTimeout(timer)
    watcher?.close()
  }
}

function tryToWatch(path: string, onHint: () => void, say: (level: 'info', message: string) => void): FSWatcher | undefined {
  const sayWhyNot = (error: unknown) => {
    // What is missing or closed to us is told by the state of its log.
    if (hasSaidWhyNot || isForbidden(error) || (error as NodeJS.ErrnoException).code === 'ENOENT') return
    hasSaidWhyNot = true
    say('info', `${path}: cannot be watched (${reasonOf(error)}); logs are looked at several times a second instead`)
  }
  try {
    const watcher = watch(path, { persistent: false }, onHint)
    return watcher.on('error', (error) => {
      watcher.close()
      sayWhyNot(error)
    })
  } catch (error) {
    sayWhyNot(error)
    return undefined
  }
}
