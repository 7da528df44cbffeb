import { frame } from '../base/frames.ts'
import type { Ask, ListedFile, Said } from '../sources/reader-link.ts'

/** What goes over the socket between engine and reader, as frames (base/frames.ts); some carry bytes of a log. */

/** The form of the messages; both ends must have the same. */
export const READER_WIRE_VERSION = 1
/** Longest message of an engine: a position is a few hundred bytes for each of a few files. */
export const ENGINE_BYTES_MAX = 64 * 1024
/** Of a reader: a chunk with a line, or the names of 1,000 files. */
export const READER_BYTES_MAX = 8 * 1024 * 1024
/** How often the reader says that it is there, whatever else it says. */
export const ALIVE_EVERY_MS = 10_000
/** Blocks of a log that are sent ahead of what was taken. */
export const AHEAD_MAX = 8

/** What the engine says. `hello` comes first. Each `follow` has a number of its own, by which both speak of it. */
export type EngineSays =
  | { readonly hello: number }
  | { readonly id: number; readonly follow: Ask }
  /** A block or piece was taken: there is room for another. */
  | { readonly id: number; readonly taken: true }
  /** A capturing program is to say its numbers. */
  | { readonly id: number; readonly numbers: true }
  | { readonly id: number; readonly end: true }
  /** Which files match a glob. */
  | { readonly id: number; readonly list: string }

/** What the reader says. A `fault` is the last thing that is heard from it. */
export type ReaderSays =
  | { readonly id: number; readonly said: WithoutBytes<Said> }
  | { readonly id: number; readonly files: readonly ListedFile[] }
  | { readonly alive: true }
  | { readonly fault: string }

type WithoutBytes<T> = T extends { readonly bytes: Buffer } ? Omit<T, 'bytes'> : T

export const framed: (message: EngineSays | ReaderSays, bytes?: Uint8Array) => Buffer = frame
