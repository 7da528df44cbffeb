import { isoTime } from '../base/units.ts'
import { lineOfMessage } from '../lines/syslog-message.ts'
import { type Block, CHUNK_BYTES, LINE_BYTES_MAX, type Source, type SourceContext, type SourceState } from './source.ts'
import type { SyslogAddress } from './syslog-address.ts'
import { StreamReceiver } from './syslog-stream.ts'
import { UdpReceiver } from './syslog-udp.ts'

/** Takes messages of syslog from a socket. They wait there until they are taken. */
export interface Receiver {
  /** Messages of one sender, in order, Latin-1; undefined where there are none for now. */
  take(): { readonly messages: readonly string[]; readonly host: string } | undefined
  /** Why nothing can be received. */
  readonly waitingFor: string | undefined
  readonly behindBytes: number
  /** Messages over the cap. */
  readonly overlong: number
  readonly lostBytes: number
  readonly lostLines: number
  close(): void
}

/**
 * Messages of syslog, as they come from the network or from this machine's programs. Each becomes a line as syslogd would
 * have written it, and counts by its arrival. What was received cannot be had twice: a position is a count of bytes.
 */
export class SyslogSource implements Source {
  readonly log: string
  readonly isReadOnce = true
  readonly #context: SourceContext
  readonly #receiver: Receiver
  #offset: number
  #overlongLines = 0

  constructor(log: string, address: SyslogAddress, context: SourceContext) {
    this.log = log
    this.#context = context
    this.#offset = typeof context.position === 'number' ? context.position : 0
    this.#receiver = address.kind === 'udp' ? new UdpReceiver(log, address, context) : new StreamReceiver(log, address, context)
  }

  get state(): SourceState {
    const { waitingFor, behindBytes, overlong, lostBytes, lostLines } = this.#receiver
    return {
      kind: waitingFor === undefined ? 'reading' : 'waiting',
      ...(waitingFor !== undefined && { reason: waitingFor }),
      behindBytes,
      overlongLines: this.#overlongLines + overlong,
      lostBytes,
      lostLines,
    }
  }

  read(): Block | undefined {
    const now = this.#context.now()
    let text = ''
    while (text.length < CHUNK_BYTES) {
      const taken = this.#receiver.take()
      if (!taken) break
      const received = { time: isoTime(now), host: taken.host }
      for (const message of taken.messages) {
        const line = lineOfMessage(message, received)
        if (line.length > LINE_BYTES_MAX) this.#overlongLines++
        else text += `${line}\n`
      }
    }
    if (text === '') return undefined
    const offset = this.#offset
    this.#offset += text.length
    return { bytes: Buffer.from(text, 'latin1'), offset, writtenBy: now, catchingUp: false, position: this.#offset }
  }

  close(): void {
    const { behindBytes } = this.#receiver
    if (behindBytes > 0)
      this.#context.say('info', `${this.log}: ended with ${behindBytes} bytes that were not read; they are lost`)
    this.#receiver.close()
  }
}
