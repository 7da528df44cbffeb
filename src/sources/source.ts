import type { Json } from '../base/units.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'

/**
 * One log that is being read. The daemon pulls: it asks for the next block when it has finished with the one before, so
 * a slow daemon slows the reading and nothing has to be thrown away.
 */
export interface Source {
  /** What `logs` calls it: a path, or `scheme:rest`. Unique while the daemon runs. */
  readonly log: string
  /**
   * The next whole lines, or undefined where there is nothing more for now (then `onReady` is called when there may be).
   * The bytes are valid until the next call. Throws nothing: trouble is told by `state`.
   */
  read(): Block | undefined
  readonly state: SourceState
  /** There is nothing to read now, but lines that were there before us are still to come: they are being decompressed, say. */
  readonly isCatchingUp?: boolean
  /** What was read cannot be read again: after a restart the position is a count, and all that comes is new. */
  readonly isReadOnce?: boolean
  /** True for a file that it reads, whatever its name. */
  follows?(file: FileIdentity): boolean
  /** Frees descriptors and watches; nothing is read after it. */
  close(): void
}

export interface FileIdentity {
  readonly dev: number
  readonly ino: number
}

/** Whole lines, with what is needed to go on after them. */
export interface Block {
  /** Lines, each ended by a line feed; may be empty where only the position moved (an overlong line was skipped). */
  readonly bytes: Uint8Array
  /** Byte offset of the first byte within the log (or a running count where the log has no offsets). */
  readonly offset: number
  /** The instant up to which a date without a year or zone is to be understood: the file's time of change, or now. */
  readonly writtenBy: number
  /** True where the lines were there before we looked: they count by their own time. False: by their arrival. */
  readonly catchingUp: boolean
  /** When the line that begins at this byte of the block was written, where the log says it beside the line; else the line says it. */
  readonly timeOf?: (start: number) => number | undefined
  /** What the lines say, one for each, where the log is one of packets. */
  readonly packets?: readonly LoggedPacket[]
  /** To be committed with what the block led to; given back to the source at the next start. */
  readonly position: Json
}

/** For `status`, and the reason where a log is not read. */
export interface SourceState {
  readonly kind: 'reading' | 'waiting' | 'ended'
  /** Why it waits: `no such file`, `permission denied: ...`. */
  readonly reason?: string
  /** Bytes there are to read still, where that can be known. */
  readonly behindBytes: number
  /** Lines over the cap, skipped. */
  readonly overlongLines: number
  /** Bytes that were written but could not be read any more (a rotation while we were away, a truncation), as far as known. */
  readonly lostBytes: number
  /** Lines that were lost before they came here, or for want of room; where a log knows lines and no bytes. */
  readonly lostLines?: number
  /** The log is closed to us, and the reader reads it for us. */
  readonly isByReader?: boolean
}

/** What a source is given by the daemon. */
export interface SourceContext {
  /** The position committed last for this log, or undefined where there is none. */
  readonly position: Json | undefined
  /** There may be something to read. May be called at any time, also without need. */
  onReady(): void
  /** Tells what a person should know, for example that a rotated file could not be found. */
  say(level: 'info' | 'warning', message: string): void
  /** The wall clock. */
  now(): number
}

/** A key of `logs` that has been opened: it is one log, or as many as match a glob, new ones included. */
export interface OpenLogs {
  readonly key: string
  readonly sources: readonly Source[]
  /** Why there is no source at all: `no file matches`. */
  readonly waitingFor: string | undefined
  /** Closes all sources; nothing is called after it. */
  close(): void
}

/** What a key of `logs` is given by the daemon. */
export interface LogsContext extends Omit<SourceContext, 'position' | 'onReady'> {
  /** The position committed last for a log. */
  positionOf(log: string): Json | undefined
  /** True for a file that another key follows already. */
  isFollowed(file: FileIdentity): boolean
  /** A log is followed from now on; `onReady` comes after it. */
  onOpened(source: Source): void
  /** There may be something to read in it. */
  onReady(source: Source): void
  /** A log is gone, has been read to its end, and is closed now. */
  onClosed(source: Source): void
}

export { CHUNK_BYTES, LINE_BYTES_MAX } from '../base/limits.ts'
