import { PacketLines } from '../capture/packet-lines.ts'
import { packetBlock } from './capture-block.ts'
import { Child, type ChildEnd, type ChildOptions, type Program } from './child.ts'
import type { Block, Source, SourceContext, SourceState } from './source.ts'

/** A capture is turned into text in pieces of this size, so that a block is no longer than those of other logs. */
const PIECE_BYTES = 16 * 1024

/** How often tcpdump is asked what was dropped. */
const ASK_MS = 10_000
/** What makes tcpdump say its numbers and go on; nobody minds it where SIGINFO is not heard. */
export const TELL_NUMBERS: NodeJS.Signals = process.platform === 'linux' ? 'SIGUSR1' : 'SIGINFO'

/** Makes what runs the capturing program. */
export type CreateProgram = (log: string, context: SourceContext, options: ChildOptions) => Program

const createChild: CreateProgram = (log, context, options) => new Child(log, context, options)

/**
 * Packets that a program (tcpdump) captures and writes as a capture: each is a line of text, and stands beside it as it was
 * decoded. The program is started again whenever it ends. What it wrote cannot be had twice, so the position is only a count
 * of bytes of text; what is lost is counted: records that are cut or cannot be understood, and packets that came faster than
 * they were taken, of which the kernel tells the program and the program us.
 */
export class CaptureSource implements Source {
  readonly log: string
  readonly isReadOnce = true
  readonly #argv: readonly string[]
  readonly #context: SourceContext
  readonly #child: Program
  #lines = new PacketLines()
  #pending: Buffer = nothing
  #offset: number
  /** What was lost under programs that have ended. */
  #lostLines = 0
  #lostBytes = 0
  /** By the kernel: under programs that have ended, and under this one as it said last. */
  #droppedBefore = 0
  #dropped = 0
  readonly #askTimer: NodeJS.Timeout
  /** It has written, so it hears what it is asked. */
  #hasWritten = false
  #onEnded: (() => void) | undefined
  #isClosed = false

  constructor(log: string, argv: readonly string[], context: SourceContext, createProgram: CreateProgram = createChild) {
    this.log = log
    this.#argv = argv
    this.#context = context
    this.#offset = typeof context.position === 'number' ? context.position : 0
    this.#child = createProgram(log, context, { hears: (line) => this.#hear(line), endsWithUs: true })
    this.#child.start(argv)
    this.#askTimer = setInterval(() => {
      if (this.#hasWritten) this.#child.signal(TELL_NUMBERS)
    }, ASK_MS)
  }

  get state(): SourceState {
    const { waitingFor, isByReader } = this.#child
    return {
      kind: waitingFor === undefined ? 'reading' : 'waiting',
      ...(waitingFor !== undefined && { reason: waitingFor }),
      behindBytes: this.#child.waitingBytes + this.#pending.length,
      overlongLines: 0,
      lostBytes: this.#lostBytes,
      lostLines: this.#lostLines + this.#unreadable() + this.#droppedBefore + this.#dropped,
      ...(isByReader && { isByReader }),
    }
  }

  read(): Block | undefined {
    while (!this.#isClosed) {
      if (this.#pending.length === 0) {
        const read = this.#child.read()
        if (!read) return undefined
        if (!Buffer.isBuffer(read)) {
          if (this.#onEnded) this.#finish()
          else this.#begin(read)
          continue
        }
        this.#hasWritten = true
        this.#pending = read
      }
      const block = this.#take(this.#pending.subarray(0, PIECE_BYTES))
      this.#pending = this.#pending.subarray(PIECE_BYTES)
      if (this.#lines.counts.skippedBytes > 0) this.#restart()
      if (block) return block
    }
    return undefined
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#askTimer)
    this.#child.close()
    this.#onEnded?.()
  }

  /** Asks the program to end, and resolves when all that it wrote until then was read; nothing is started again. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnded = resolve
      if (this.#isClosed || !this.#child.signal('SIGTERM')) this.#finish()
    })
  }

  #finish(): void {
    this.#forget()
    this.close()
  }

  #take(bytes: Buffer): Block | undefined {
    const read = packetBlock(this.#lines, bytes)
    if (!read) return undefined
    const offset = this.#offset
    this.#offset += read.bytes.length
    return { ...read, offset, writtenBy: this.#context.now(), catchingUp: false, position: this.#offset }
  }

  /** Another program begins. */
  #begin({ how }: ChildEnd): void {
    this.#forget()
    this.#child.startAgain(`ended (${how})`, () => this.#argv)
  }

  /** What is no capture will not become one. */
  #restart(): void {
    this.#forget()
    this.#child.kill()
    this.#child.startAgain('wrote what is no capture', () => this.#argv)
  }

  /** `3 packets dropped by kernel`, and the other numbers that go with it. */
  #hear(line: string): boolean {
    const numbers = line.match(/\d+ packets? (?:captured|received by filter|dropped by (?:kernel|interface))/g)
    if (!numbers) return false
    const drops = numbers.filter((one) => one.includes('dropped')).map((one) => Number.parseInt(one, 10))
    if (drops.length === 0) return true
    // On its last words each has a line of its own.
    const dropped = numbers.length > 1 ? drops.reduce((sum, one) => sum + one, 0) : Math.max(this.#dropped, drops[0]!)
    if (dropped > this.#dropped) {
      const sum = this.#droppedBefore + dropped
      this.#context.say(
        'warning',
        `${this.log}: at least ${sum} packets came faster than they were taken, and were dropped by the kernel`,
      )
    }
    this.#dropped = dropped
    return true
  }

  #forget(): void {
    this.#droppedBefore += this.#dropped
    this.#dropped = 0
    this.#hasWritten = false
    this.#lostLines += this.#unreadable()
    this.#lostBytes += this.#lines.restBytes + this.#lines.counts.skippedBytes
    this.#pending = nothing
    this.#lines = new PacketLines()
  }

  #unreadable(): number {
    const { bad, notUnderstood } = this.#lines.counts
    return bad + notUnderstood
  }
}

const nothing = Buffer.alloc(0)

/** Headers with all their options; what packets carry is not looked at. */
const SNAP_BYTES = 512
/**
 * The kernel gives packets of NFLOG in batches, of which libpcap (1.10) reads as much as one packet may have, and drops the
 * rest unseen. How much of each is kept, the rule says (`log group 5 snaplen 256 queue-threshold 1`).
 */
const NFLOG_SNAP_BYTES = 65_535

/** What a key of `logs` captures from: `pflog0` of `pflog:pflog0`, `nflog:5` of itself. */
export function deviceOf(key: string): string {
  return key.replace(/^pflog:/, '')
}

/**
 * How packets of an interface are captured: as a capture on standard output, each at once. Started as root, tcpdump goes on
 * as nobody once the interface is open; OpenBSD's does by itself as _tcpdump.
 */
export function captureArgv(device: string, platform: NodeJS.Platform = process.platform): readonly string[] {
  const snapBytes = device.startsWith('nflog:') ? NFLOG_SNAP_BYTES : SNAP_BYTES
  const common = ['-n', '-p', '-i', device, '-s', String(snapBytes), '-w', '-']
  if (platform === 'openbsd') return ['tcpdump', '-l', ...common]
  return ['tcpdump', '--immediate-mode', '-U', '-Z', 'nobody', ...common]
}
