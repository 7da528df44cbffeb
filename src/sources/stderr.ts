import { escapeText } from '../base/escape.ts'

/** A longer line of standard error is cut. */
const STDERR_LINE_MAX = 400
/** So many messages of one kind are told in so much time; of the others the number. */
const SAID_MAX = 10
const SAID_WITHIN_MS = 60_000

/** Cuts what a program says on standard error into lines that can be shown: escaped, short, without empty ones. */
export class StderrLines {
  readonly #onLine: (line: string) => void
  #rest = ''
  last = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  /** Another program begins. */
  begin(): void {
    this.#rest = ''
    this.last = ''
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('utf8')).split('\n')
    this.#rest = lines.pop()!.slice(0, STDERR_LINE_MAX + 1)
    for (const line of lines) this.#tell(line)
  }

  end(): void {
    this.#tell(this.#rest)
    this.#rest = ''
  }

  #tell(line: string): void {
    const text = line.trimEnd()
    if (text === '') return
    this.last = escapeText(text.length > STDERR_LINE_MAX ? `${text.slice(0, STDERR_LINE_MAX)}...` : text)
    this.#onLine(this.last)
  }
}

/** Says the first few things, counts the others, and says how many they were when it may speak again. */
export class Rarely {
  readonly #say: (message: string) => void
  #since = Number.NEGATIVE_INFINITY
  #said = 0
  #unsaid = 0

  constructor(say: (message: string) => void) {
    this.#say = say
  }

  say(message: string): void {
    const now = performance.now()
    if (now - this.#since >= SAID_WITHIN_MS) {
      if (this.#unsaid > 0) this.#say(`${message} (and ${this.#unsaid} messages like it that were not shown)`)
      else this.#say(message)
      this.#since = now
      this.#said = 1
      this.#unsaid = 0
    } else if (this.#said < SAID_MAX) {
      this.#said++
      this.#say(message)
    } else this.#unsaid++
  }
}
