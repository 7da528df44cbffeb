export interface SyslogFramerOptions {
  /** The longest message; a longer one is counted and passed over whole. */
  readonly messageBytesMax: number
  /** May end a message that says no length, beside a line feed: glibc's syslog(3) ends each by a NUL. The first that is seen is the one. */
  readonly mayEndByNul: boolean
}

const LF = 10
const NUL = 0
const LESS = 60
/** A sender that announces more than ten million bytes does not mean what it says. */
const LENGTH_DIGITS_MAX = 7

/**
 * Cuts what comes over one connection into messages (RFC 6587): `LENGTH MESSAGE`, or `<PRI>...` up to a line feed; each
 * message may be of the one kind or the other. Anything else is no syslog, and where the next message begins nobody knows:
 * then it throws a `SyslogFramingError`.
 */
export class SyslogFramer {
  readonly #options: SyslogFramerOptions
  #state: 'start' | 'length' | 'counted' | 'ended by' = 'start'
  #length = ''
  /** Bytes of a counted message that are still to come. */
  #missing = 0
  #parts: Buffer[] = []
  #size = 0
  #end: number | undefined
  overlong = 0

  constructor(options: SyslogFramerOptions) {
    this.#options = options
  }

  /** Bytes of a message that has not ended yet. */
  get restBytes(): number {
    return this.#size + this.#length.length
  }

  /** Adds the messages that end within these bytes, Latin-1; where it throws, those before the fault. */
  take(bytes: Buffer, messages: string[]): void {
    let at = 0
    while (at < bytes.length) {
      const byte = bytes[at]!
      if (this.#state === 'start') {
        // Some end a counted message by a line feed all the same.
        if (byte === LF || (byte === NUL && this.#options.mayEndByNul)) at++
        else if (byte === LESS) this.#state = 'ended by'
        else if (byte >= 49 && byte <= 57) this.#state = 'length'
        else throw new SyslogFramingError('a message begins neither with its length nor with <')
      } else if (this.#state === 'length') {
        if (byte >= 48 && byte <= 57) this.#length += String.fromCharCode(byte)
        else if (byte !== 32) throw new SyslogFramingError('a length is not followed by a space')
        else {
          this.#missing = Number(this.#length)
          this.#length = ''
          this.#state = 'counted'
        }
        if (this.#length.length > LENGTH_DIGITS_MAX) throw new SyslogFramingError('a message is too long to be true')
        at++
      } else if (this.#state === 'counted') {
        const end = Math.min(bytes.length, at + this.#missing)
        this.#missing -= end - at
        this.#keep(bytes.subarray(at, end))
        at = end
        if (this.#missing === 0) this.#finish(messages)
      } else {
        const end = this.#endIn(bytes, at)
        this.#keep(bytes.subarray(at, end))
        at = end + 1
        if (end < bytes.length) this.#finish(messages)
      }
    }
  }

  #endIn(bytes: Buffer, from: number): number {
    const find = (end: number) => {
      const at = bytes.indexOf(end, from)
      return at < 0 ? bytes.length : at
    }
    if (!this.#options.mayEndByNul) return find(LF)
    if (this.#end !== undefined) return find(this.#end)
    const first = Math.min(find(LF), find(NUL))
    this.#end = bytes[first]
    return first
  }

  #finish(messages: string[]): void {
    if (this.#size > this.#options.messageBytesMax) this.overlong++
    else
      messages.push(
        Buffer.concat(this.#parts)
          .toString('latin1')
          .replace(/[\r\n\0]+$/, ''),
      )
    this.#state = 'start'
    this.#parts = []
    this.#size = 0
  }

  #keep(bytes: Buffer): void {
    const room = this.#options.messageBytesMax - this.#size
    if (room > 0) this.#parts.push(Buffer.from(bytes.subarray(0, room)))
    this.#size += bytes.length
  }
}

/** What came over a connection is no syslog. */
export class SyslogFramingError extends Error {}
