import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { reasonOf } from './open-file.ts'

/** After a hint, further ones wait this long and are one: a busy log hints thousands of times a second. */
const HINT_PAUSE_MS = 2

type Say = (level: 'info' | 'warning', message: string) => void
type OnHint = (name: string | null, isNameChange: boolean) => void

/** One watch for all logs of a folder. */
interface FolderWatch {
  readonly watcher: FSWatcher
  readonly onHints: Set<OnHint>
}

const folders = new Map<string, FolderWatch>()
let hasSaidWhyNot = false

/**
 * Calls `onHint` soon after a file or its folder changed, most of the time: a hint and no more, because watches overflow,
 * run out, and see nothing on some file systems. Gives back what ends it.
 */
export function watchFile(path: string, onHint: () => void, say: Say): () => void {
  const hint = withPauses(onHint)
  const name = basename(path)
  const ends = [watchFolder(dirname(path), (changed) => (changed === null || changed === name) && hint.now(), say), hint.end]
  // A folder's watch tells of what is appended to its files under Linux, but not with kqueue.
  if (process.platform !== 'linux') {
    const watcher = tryToWatch(path, hint.now, say)
    if (watcher) ends.push(() => watcher.close())
  }
  return () => {
    for (const end of ends) end()
  }
}

/** Calls `onHint` with the name of what changed in a folder (null where that is not known), and whether it came, went or was renamed. */
export function watchFolder(folder: string, onHint: OnHint, say: Say): () => void {
  let shared = folders.get(folder)
  if (!shared) {
    const onHints = new Set<OnHint>()
    const watcher = tryToWatch(
      folder,
      (name, isNameChange) => {
        for (const hint of onHints) hint(name, isNameChange)
      },
      say,
      () => folders.delete(folder),
    )
    if (!watcher) return () => {}
    shared = { watcher, onHints }
    folders.set(folder, shared)
  }
  const { watcher, onHints } = shared
  onHints.add(onHint)
  return () => {
    onHints.delete(onHint)
    if (onHints.size > 0) return
    watcher.close()
    if (folders.get(folder)?.watcher === watcher) folders.delete(folder)
  }
}

function tryToWatch(path: string, onHint: OnHint, say: Say, onEnd = () => {}): FSWatcher | undefined {
  const isOver = (error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    if (hasSaidWhyNot || code === 'ENOENT' || code === 'EACCES') return
    hasSaidWhyNot = true
    say('info', `${path}: cannot be watched (${reasonOf(error)}); logs are looked at several times a second instead`)
  }
  try {
    const watcher = watch(path, { persistent: false }, (event, name) => onHint(name, event === 'rename'))
    watcher.on('error', (error) => {
      watcher.close()
      onEnd()
      isOver(error)
    })
    return watcher
  } catch (error) {
    isOver(error)
    return undefined
  }
}

function withPauses(onHint: () => void): { now(): void; end(): void } {
  let timer: NodeJS.Timeout | undefined
  let isHinted = false
  const now = () => {
    if (timer) {
      isHinted = true
      return
    }
    timer = setTimeout(() => {
      timer = undefined
      if (!isHinted) return
      isHinted = false
      now()
    }, HINT_PAUSE_MS)
    onHint()
  }
  return { now, end: () => clearTimeout(timer) }
}
