import { captureArgv, deviceOf, TELL_NUMBERS } from '../sources/capture.ts'
import { Child } from '../sources/child.ts'
import { FileSource } from '../sources/file.ts'
import type { OpenFile } from '../sources/open-file.ts'
import type { Ask, ReaderState, Said } from '../sources/reader-link.ts'
import { AHEAD_MAX } from './wire.ts'

/** One log that is read for an engine. */
export interface Following {
  /** Sends what there is, as far as there is room for it. */
  goOn(): void
  /** The engine has taken a block or piece; false where it has none to take. */
  take(): boolean
  tellNumbers(): void
  /** How things are, where that has changed. */
  tellState(): void
  close(): void
}

export interface FollowingOptions {
  readonly say: (said: Said) => void
  /** Something may be there to be sent; `goOn` is to be called. */
  readonly onReady: () => void
  /** Whether the engine has room for more than one block of a log. */
  readonly hasRoom: () => boolean
  readonly now: () => number
}

/** Follows a file as the engine would; opens it as it is told to. */
export function followFileFor(
  { path, position, startAt, isNew, lineBytesMax }: Ask & { readonly kind: 'file' },
  openFile: OpenFile,
  { say, onReady, hasRoom, now }: FollowingOptions,
): Following {
  const source = new FileSource(
    path,
    { position, onReady, say: (level, message) => say({ kind: 'say', level, message }), now },
    {
      openFile,
      ...(startAt !== undefined && { startAt }),
      ...(isNew !== undefined && { isNew }),
      ...(lineBytesMax !== undefined && { lineBytesMax }),
    },
  )
  let ahead = 0
  let isDry = false
  let toldState = ''
  const tellState = () => {
    const { kind, reason, behindBytes, lostBytes } = source.state
    const { isCatchingUp } = source
    const state: ReaderState = { kind, ...(reason !== undefined && { reason }), behindBytes, lostBytes, isCatchingUp, isDry }
    const text = JSON.stringify(state)
    if (text === toldState) return
    toldState = text
    say({ kind: 'state', state })
  }
  return {
    goOn() {
      while (ahead < (hasRoom() ? AHEAD_MAX : 1)) {
        const block = source.read()
        if (!block) {
          isDry = !source.isCatchingUp
          return tellState()
        }
        isDry = false
        ahead++
        const { offset, writtenBy, catchingUp, position: reached } = block
        const { overlongLines } = source.state
        // The bytes are those of a buffer that is used again; they are copied as they are sent.
        const bytes = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length)
        say({ kind: 'block', offset, writtenBy, catchingUp, position: reached, overlongLines, bytes })
      }
    },
    take() {
      if (ahead === 0) return false
      ahead--
      onReady()
      return true
    },
    tellNumbers() {},
    tellState,
    close: () => source.close(),
  }
}

/** Runs what captures; it ends with us. What it writes is passed on as it is. */
export function captureFor(
  { key }: Ask & { readonly kind: 'capture' },
  { say, onReady, hasRoom, now }: FollowingOptions,
): Following {
  const child = new Child(
    key,
    { position: undefined, onReady, say: (level, message) => say({ kind: 'say', level, message }), now },
    {
      hears(line) {
        say({ kind: 'line', line })
        return true
      },
      endsWithUs: true,
    },
  )
  child.start(captureArgv(deviceOf(key)))
  let ahead = 0
  return {
    goOn() {
      while (ahead < (hasRoom() ? AHEAD_MAX : 1)) {
        const read = child.read()
        if (!read) return
        if (!Buffer.isBuffer(read)) return say({ kind: 'ended', end: read })
        ahead++
        say({ kind: 'piece', bytes: read })
      }
    },
    take() {
      if (ahead === 0) return false
      ahead--
      onReady()
      return true
    },
    tellNumbers: () => void child.signal(TELL_NUMBERS),
    tellState() {},
    close: () => child.close(),
  }
}
