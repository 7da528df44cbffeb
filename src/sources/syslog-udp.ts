import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { Listening } from './listening.ts'
import { LINE_BYTES_MAX, type SourceContext } from './source.ts'
import { Rarely } from './stderr.ts'
import type { Receiver } from './syslog.ts'

/** Datagrams cannot be told to wait: so many bytes of them are held here, with what holding one costs; more are let go. */
const QUEUE_BYTES_MAX = 8 * 1024 * 1024
const DATAGRAM_COST_BYTES = 200
/** What the kernel is asked to hold in between; it may give less. */
const KERNEL_BYTES = 4 * 1024 * 1024

interface Datagram {
  readonly message: string
  readonly host: string
}

/** Syslog over UDP: a datagram is a message. What the kernel had no room for is not known here. */
export class UdpReceiver implements Receiver {
  readonly #context: SourceContext
  readonly #rarely: Rarely
  readonly #log: string
  readonly #listening: Listening<Socket>
  #queue: Datagram[] = []
  /** The first of the queue that was not taken yet. */
  #next = 0
  #queueBytes = 0
  overlong = 0
  lostLines = 0
  readonly lostBytes = 0

  constructor(log: string, { host, port }: { readonly host: string; readonly port: number }, context: SourceContext) {
    this.#log = log
    this.#context = context
    this.#rarely = new Rarely((message) => context.say('warning', message))
    this.#listening = new Listening(log, context, (onListening, onError) => {
      const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      socket.on('message', (bytes, { address }) => this.#add(bytes, address)).on('error', onError)
      socket.bind({ address: host, port, exclusive: true }, () => {
        askForRoom(socket)
        onListening()
      })
      return socket
    })
  }

  get waitingFor(): string | undefined {
    return this.#listening.waitingFor
  }

  get behindBytes(): number {
    return this.#queueBytes
  }

  take(): { readonly messages: readonly string[]; readonly host: string } | undefined {
    const datagram = this.#queue[this.#next]
    if (!datagram) return undefined
    this.#next++
    this.#queueBytes -= costOf(datagram)
    if (this.#next === this.#queue.length) {
      this.#queue = []
      this.#next = 0
    }
    return { messages: [datagram.message], host: datagram.host }
  }

  close(): void {
    this.#listening.close()
    this.#queue = []
    this.#queueBytes = 0
  }

  #add(bytes: Buffer, address: string): void {
    if (bytes.length > LINE_BYTES_MAX) {
      this.overlong++
      return
    }
    const datagram = { message: bytes.toString('latin1').replace(/[\r\n\0]+$/, ''), host: address.replace(/^::ffff:|%.*$/g, '') }
    if (datagram.message === '') return
    if (this.#queueBytes + costOf(datagram) > QUEUE_BYTES_MAX) {
      this.lostLines++
      this.#rarely.say(`${this.#log}: messages come faster than they can be read; ${this.lostLines} have been let go so far`)
      return
    }
    this.#queue.push(datagram)
    this.#queueBytes += costOf(datagram)
    if (this.#queue.length === this.#next + 1) this.#context.onReady()
  }
}

function costOf({ message }: Datagram): number {
  return message.length + DATAGRAM_COST_BYTES
}

function askForRoom(socket: Socket): void {
  try {
    socket.setRecvBufferSize(KERNEL_BYTES)
  } catch {
    // Where that is more than the system allows, it stays as it is.
  }
}
