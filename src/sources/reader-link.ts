import type { Json } from '../base/units.ts'
import type { ChildEnd } from './child.ts'
import type { SourceState } from './source.ts'

/** What the reader is to read for us: a log that is closed to our user. */
export type Ask =
  | {
      readonly kind: 'file'
      readonly path: string
      /** Where to go on: of the last block that was taken. */
      readonly position?: Json
      /** As of a `FileSource`. */
      readonly startAt?: 'start' | 'end'
      readonly isNew?: boolean
      readonly lineBytesMax?: number
    }
  | { readonly kind: 'capture'; readonly key: string }

/** What it says of one log. `bytes` are ours to keep. */
export type Said =
  /** Whole lines of a file; see `Block`. */
  | {
      readonly kind: 'block'
      readonly offset: number
      readonly writtenBy: number
      readonly catchingUp: boolean
      readonly position: Json
      /** Lines over the cap up to the end of it, skipped. */
      readonly overlongLines: number
      readonly bytes: Buffer
    }
  /** What a capturing program wrote next, said on standard error, and how it ended; nothing comes after that. */
  | { readonly kind: 'piece'; readonly bytes: Buffer }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'ended'; readonly end: ChildEnd }
  | { readonly kind: 'state'; readonly state: ReaderState }
  /** What a person should know. */
  | { readonly kind: 'say'; readonly level: 'info' | 'warning'; readonly message: string }
  /** It is not to be read, by commands.json; nothing comes after that. */
  | { readonly kind: 'refused'; readonly because: string }

/** How far the reader has come with a file. */
export interface ReaderState extends Pick<SourceState, 'kind' | 'reason' | 'behindBytes' | 'lostBytes'> {
  /** Text of a compressed file is still to come. */
  readonly isCatchingUp: boolean
  /** All that there is now was sent. */
  readonly isDry: boolean
}

/** Who wants to have a log read. */
export interface Asker {
  /** What to ask, each time that there is a reader anew. */
  ask(): Ask
  heard(said: Said): void
  /** There is no reader now. It is looked for, and asked anew when it is there. */
  lost(because: string): void
}

export interface Asked {
  /** A block or piece was taken: there is room for another. */
  taken(): void
  /** A capturing program is to say its numbers. */
  tellNumbers(): void
  end(): void
}

/** A file that matches a glob, in a folder that is closed to us. */
export interface ListedFile {
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly isLink: boolean
}

/** The reader: a process that may open logs which we may not. It is looked for only while something is asked of it. */
export interface ReaderLink {
  ask(asker: Asker): Asked
  /** The files of a glob as the reader saw them last; it looks again, and `onFound` is called when there are others. */
  files(pattern: string, onFound: () => void): readonly ListedFile[]
  close(): void
}
