import { jsonLine } from '../base/escape.ts'
import { localTime } from '../base/local-time.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'
import type { Io } from './command.ts'
import { cut, number, paint } from './output.ts'
import { PacketCounts } from './pflog-counts.ts'
import { openScreen, type Screen } from './screen.ts'

const DRAW_MS = 1000
/** How many of each are printed at the end, and drawn where the terminal does not say how high it is. */
const ROWS = 20
/** Lines of the page that are no rows: what it is, what was said last, the sums, an empty one, the titles. */
const HEAD_LINES = 5
/** What was said while the page was drawn is shown again when it has gone; of more than this, the last. */
const SAID_MAX = 100

export interface TopOptions {
  /** What is looked at, for the first line. */
  readonly name: string
  readonly json: boolean
  /** It goes on until it is ended; what is only read to its end needs no page. */
  readonly isLive: boolean
}

/** `pflog --top`: counts in place of packets, drawn over each second on a terminal, and printed at the end in any case. */
export class PacketTop {
  readonly #io: Io
  readonly #options: TopOptions
  readonly #counts = new PacketCounts()
  readonly #startedAt: string
  readonly #screen: Screen | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #packetsBefore = 0
  #perSecond = 0
  #said: string[] = []

  constructor(io: Io, options: TopOptions) {
    this.#io = io
    this.#options = options
    this.#startedAt = localTime(io.now())
    if (!io.stdout.isTerminal || !options.isLive || options.json) return
    this.#screen = openScreen({ write: (text) => io.stdout.write(text), onResize: () => this.#draw() })
    this.#timer = setInterval(() => {
      this.#perSecond = ((this.#counts.packets - this.#packetsBefore) * 1000) / DRAW_MS
      this.#packetsBefore = this.#counts.packets
      this.#draw()
    }, DRAW_MS)
    this.#draw()
  }

  readonly add = (_line: string, packet: LoggedPacket): string => {
    this.#counts.add(packet)
    return ''
  }

  /** A message of ours: below the page's first line as long as there is a page, and on standard error. */
  readonly say = (line: string): void => {
    if (!this.#screen) this.#io.stderr.write(`${line}\n`)
    else this.#said = [...this.#said, line].slice(-SAID_MAX)
  }

  end(): void {
    clearInterval(this.#timer)
    this.#screen?.close()
    for (const line of this.#said) this.#io.stderr.write(`${line}\n`)
    const { stdout } = this.#io
    const text = this.#options.json ? jsonLine(this.#counts.record(ROWS)) : this.#counts.lines(ROWS, stdout.width).join('\n')
    stdout.write(`${text}\n`)
  }

  #draw(): void {
    const { width } = this.#io.stdout
    const rows = Math.max(1, (this.#io.stdout.height ?? ROWS + HEAD_LINES) - HEAD_LINES)
    const title = cut(`${this.#options.name} since ${this.#startedAt}: ${number(this.#perSecond)} a second; ^C ends`, width)
    const [sums = '', empty = '', header = '', ...lines] = this.#counts.lines(rows, width)
    const said = cut(this.#said.at(-1) ?? '', width)
    this.#screen?.draw([
      paint(this.#io.stdout, 'bold', title),
      said,
      cut(sums, width),
      empty,
      paint(this.#io.stdout, 'bold', header),
      ...lines,
    ])
  }
}
