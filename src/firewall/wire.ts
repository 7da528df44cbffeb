import { FrameReader, frame, HEAD_BYTES, messagesOf, WireError } from '../base/frames.ts'
import type { Request } from './request.ts'

/** What goes over the socket between engine and keeper, as frames (base/frames.ts) without bytes: plain data and nothing else. */

/** The form of the messages; both ends must have the same. */
export const WIRE_VERSION = 3
/** Longest message: 100,000 entries of the longest kind fit. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** What the engine says. `hello` comes first; all else is answered with its number. */
export type EngineMessage =
  | { readonly hello: number }
  | { readonly id: number; readonly ask: Request }
  | { readonly id: number; readonly question: Question }

/** Questions beside the requests; they change nothing. */
export type Question =
  | { readonly kind: 'report' }
  | { readonly kind: 'hindrance'; readonly table: string; readonly address: string }
  | { readonly kind: 'settled' }

/** What the keeper says. A list comes in parts, the answer after them. A `fault` is the last thing that is heard from it. */
export type KeeperMessage =
  | { readonly id: number; readonly part: readonly unknown[] }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: string }
  | { readonly fault: string }

/** A message as it is sent. Throws a `WireError` where it is too long for the other end to take. */
export function framed(message: object): Buffer {
  const whole = frame(message)
  const length = whole.length - HEAD_BYTES
  if (length > MESSAGE_BYTES_MAX) throw new WireError(`a message of ${length} bytes is too long`)
  return whole
}

/** Puts messages together again; see `FrameReader`. */
export class Unframer {
  readonly #frames = new FrameReader(MESSAGE_BYTES_MAX)

  push(piece: Buffer): unknown[] {
    return [...messagesOf(this.#frames.push(piece))]
  }
}
