/** Fields of one entry of the journal by name. Latin-1: each character is a byte. */
export interface JournalEntry {
  readonly fields: ReadonlyMap<string, string>
  /** A field that was wanted was longer than what is kept, and is not there. */
  readonly isOverlong: boolean
}

export interface JournalParserOptions {
  readonly wanted: ReadonlySet<string>
  /** The longest value that is kept. */
  readonly valueBytesMax: number
}

const LF = 10
const EQUALS = 61
const LENGTH_BYTES = 8
/** journald refuses longer names. */
const NAME_BYTES_MAX = 64

/**
 * Reads the journal's export format, however its bytes are cut: `NAME=text` a line, or for what may hold line feeds
 * `NAME`, the length (64 bits, little-endian) and the bytes; an empty line ends the entry. Never holds more than the
 * wanted fields of one entry; of a name that comes twice the first value counts, as in journalctl.
 */
export class JournalParser {
  readonly #options: JournalParserOptions
  #state: 'line' | 'length' | 'data' = 'line'
  /** The beginning of a line, a length or a value; of one that is too long or not wanted as much as says so. */
  #parts: Buffer[] = []
  #size = 0
  #name = ''
  /** Bytes of a value that are still to come, its line feed among them. */
  #missing = 0
  #fields = new Map<string, string>()
  #isOverlong = false

  constructor(options: JournalParserOptions) {
    this.#options = options
  }

  /** Forgets a half entry: what comes next begins with a new one. */
  restart(): void {
    this.#state = 'line'
    this.#clear()
    this.#fields = new Map()
    this.#isOverlong = false
  }

  /** The entries that end within these bytes. Throws a `JournalFormatError` where they are not of this format. */
  take(bytes: Buffer): JournalEntry[] {
    const entries: JournalEntry[] = []
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'line') {
        const lineFeed = bytes.indexOf(LF, at)
        const end = lineFeed < 0 ? bytes.length : lineFeed
        this.#keep(bytes.subarray(at, end), NAME_BYTES_MAX + 1 + this.#options.valueBytesMax)
        at = end + 1
        if (lineFeed >= 0) this.#endLine(entries)
      } else if (this.#state === 'length') {
        const end = Math.min(bytes.length, at + LENGTH_BYTES - this.#size)
        this.#keep(bytes.subarray(at, end), LENGTH_BYTES)
        at = end
        if (this.#size === LENGTH_BYTES) this.#beginData()
      } else {
        const end = Math.min(bytes.length, at + this.#missing)
        this.#missing -= end - at
        // The last byte is the line feed after the value.
        const last = this.#missing === 0 ? end - 1 : end
        if (this.#isWanted(this.#name)) this.#keep(bytes.subarray(at, last), this.#options.valueBytesMax)
        if (this.#missing === 0 && bytes[last] !== LF) throw new JournalFormatError(`${this.#name} has no end`)
        at = end
        if (this.#missing === 0) this.#endData()
      }
    }
    return entries
  }

  #endLine(entries: JournalEntry[]): void {
    if (this.#size === 0) {
      if (this.#fields.size > 0) entries.push({ fields: this.#fields, isOverlong: this.#isOverlong })
      this.#fields = new Map()
      this.#isOverlong = false
      return
    }
    const line = Buffer.concat(this.#parts)
    const equals = line.indexOf(EQUALS)
    const name = line.toString('latin1', 0, equals < 0 ? line.length : equals)
    if (!/^[A-Z_][A-Z0-9_]{0,63}$/.test(name)) throw new JournalFormatError('a field has no name')
    if (equals < 0) {
      this.#name = name
      this.#state = 'length'
    } else if (this.#isWanted(name)) this.#add(name, line.subarray(equals + 1), this.#size - equals - 1)
    this.#clear()
  }

  #beginData(): void {
    const length = Buffer.concat(this.#parts).readBigUInt64LE()
    if (length > BigInt(Number.MAX_SAFE_INTEGER - 1)) throw new JournalFormatError(`${this.#name} is ${length} bytes long`)
    this.#missing = Number(length) + 1
    this.#state = 'data'
    this.#clear()
  }

  #endData(): void {
    if (this.#isWanted(this.#name)) this.#add(this.#name, Buffer.concat(this.#parts), this.#size)
    this.#state = 'line'
    this.#clear()
  }

  #add(name: string, value: Buffer, size: number): void {
    if (this.#fields.has(name)) return
    if (size > this.#options.valueBytesMax) this.#isOverlong = true
    else this.#fields.set(name, value.toString('latin1'))
  }

  #isWanted(name: string): boolean {
    return this.#options.wanted.has(name)
  }

  /** The bytes may be used again by whoever gave them, so they are copied. */
  #keep(bytes: Buffer, max: number): void {
    if (this.#size < max) this.#parts.push(Buffer.from(bytes.subarray(0, max - this.#size)))
    this.#size += bytes.length
  }

  #clear(): void {
    this.#parts = []
    this.#size = 0
  }
}

/** The bytes are not what journalctl writes. */
export class JournalFormatError extends Error {}
