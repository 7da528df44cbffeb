import type { LoggedPacket } from '../capture/logged-packet.ts'
import { PacketLines } from '../capture/packet-lines.ts'
import { Child, type ChildEnd } from './child.ts'
import type { Block, Source, SourceContext, SourceState } from './source.ts'

/** A capture is turned into text in pieces of this size, so that a block is no longer than those of other logs. */
const PIECE_BYTES = 16 * 1024

/**
 * Packets that a program (tcpdump) captures and writes as a capture: each is a line of text, and stands beside it as it was
 * decoded. The program is started again whenever it ends. What it wrote cannot be had twice, so the position is only a count
 * of bytes of text; records that are cut or cannot be understood are counted.
 */
export class CaptureSource implements Source {
  readonly log: string
  readonly isReadOnce = true
  readonly #argv: readonly string[]
  readonly #context: SourceContext
  readonly #child: Child
  #lines = new PacketLines()
  #pending: Buffer = nothing
  #offset: number
  /** What was lost under programs that have ended. */
  #lostLines = 0
  #lostBytes = 0
  #isClosed = false

  constructor(log: string, argv: readonly string[], context: SourceContext) {
    this.log = log
    this.#argv = argv
    this.#context = context
    this.#offset = typeof context.position === 'number' ? context.position : 0
    this.#child = new Child(log, context)
    this.#child.start(argv)
  }

  get state(): SourceState {
    const { waitingFor } = this.#child
    return {
      kind: waitingFor === undefined ? 'reading' : 'waiting',
      ...(waitingFor !== undefined && { reason: waitingFor }),
      behindBytes: this.#child.waitingBytes + this.#pending.length,
      overlongLines: 0,
      lostBytes: this.#lostBytes,
      lostLines: this.#lostLines + this.#unreadable(),
    }
  }

  read(): Block | undefined {
    while (!this.#isClosed) {
      if (this.#pending.length === 0) {
        const read = this.#child.read()
        if (!read) return undefined
        if (!Buffer.isBuffer(read)) {
          this.#begin(read)
          continue
        }
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
    this.#child.close()
  }

  #take(bytes: Buffer): Block | undefined {
    const packets: LoggedPacket[] = []
    let text = ''
    this.#lines.take(bytes, (line, packet) => {
      text += `${line}\n`
      packets.push(packet)
    })
    if (packets.length === 0) return undefined
    const offset = this.#offset
    // The lines are ASCII.
    this.#offset += text.length
    const block = { bytes: Buffer.from(text), offset, writtenBy: this.#context.now(), catchingUp: false, packets }
    return { ...block, position: this.#offset }
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

  #forget(): void {
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
