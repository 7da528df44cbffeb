import type { Instant } from '../base/units.ts'
import { parseTimestamp } from './timestamp.ts'

/** A line of a container, without its line feed. */
export interface ContainerLine {
  readonly text: string
  /** When the first piece of it was written; undefined where Docker does not say. */
  readonly at: Instant | undefined
}

/** The beginning of a line of which the rest is still to come; `null` where it is not to be looked at. */
export type Beginning = { readonly text: string; readonly time: string } | null

/** Both streams of a container are in one file, each with its own beginnings of lines. */
export type Beginnings = Readonly<Record<string, Beginning>>

const STREAMS = ['stdout', 'stderr']

/**
 * Puts together what a container wrote from the lines of Docker's json-file driver: `{"log":"text\n","stream":"stdout",
 * "time":"2026-11-21T10:00:00.123456789Z"}`. Docker cuts long lines into pieces, of which only the last one ends with a line
 * feed. A line over the cap is counted and left out whole; so is one of which a piece cannot be read.
 */
export class ContainerLines {
  readonly #lineBytesMax: number
  #begun: Record<string, Beginning>
  overlong = 0
  /** Lines of the file that are not Docker's. */
  unreadable = 0

  constructor(lineBytesMax: number, begun: Beginnings = {}) {
    this.#lineBytesMax = lineBytesMax
    this.#begun = { ...begun }
  }

  get begun(): Beginnings {
    return { ...this.#begun }
  }

  /** A line of the file was passed over: nobody knows of which stream, so what comes next may be the rest of something. */
  skip(): void {
    for (const stream of STREAMS) this.#begun[stream] = null
  }

  /** The container's lines that end with this line of the file. */
  add(json: string): readonly ContainerLine[] {
    const piece = parse(json)
    if (!piece) {
      this.unreadable++
      this.skip()
      return []
    }
    const { log, stream, time } = piece
    const before = this.#begun[stream]
    const texts = log.split('\n')
    const lines = texts.map((text, index) => {
      if (index > 0) return { text, time }
      return before === undefined ? { text, time } : before && { text: before.text + text, time: before.time }
    })
    const last = lines.pop() as Beginning
    if (last?.text === '') delete this.#begun[stream]
    else if (last && this.#isOverlong(last.text)) this.#begun[stream] = null
    else this.#begun[stream] = last
    return lines.flatMap((line) => {
      if (!line || this.#isOverlong(line.text)) return []
      return [{ text: line.text, at: parseTimestamp(line.time, { by: 0 }) }]
    })
  }

  #isOverlong(text: string): boolean {
    const isOverlong = text.length > this.#lineBytesMax || Buffer.byteLength(text) > this.#lineBytesMax
    if (isOverlong) this.overlong++
    return isOverlong
  }
}

function parse(json: string): { readonly log: string; readonly stream: string; readonly time: string } | undefined {
  try {
    const value = JSON.parse(json)
    const { log, stream = 'stdout', time = '' } = value
    return typeof log === 'string' && STREAMS.includes(stream) && typeof time === 'string' ? { log, stream, time } : undefined
  } catch {
    return undefined
  }
}
