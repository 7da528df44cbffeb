import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { ourModule } from '../base/our-files.ts'
import { type Feed, type Pattern, WEIGHT_DEFAULT } from '../matching/pattern.ts'
import type { Scanner } from '../matching/scanner.ts'
import type { Source } from '../sources/source.ts'
import type { Finds } from './finds.ts'
import { type Job, LogAhead, SharedFeeds } from './log-ahead.ts'

/** A log that is read, as far as those must know who scan it. */
export interface ScannedLog {
  readonly feeds: readonly Feed[]
  /** The zone of the log's dates, where it is not this machine's. */
  readonly zone?: string | undefined
}

/** What the other thread is started with. */
export interface ForScanSide {
  readonly logs: readonly ScannedLog[]
  readonly progress: Int32Array<SharedArrayBuffer>
}

/** A block of a log, by its number; a date without a year is not after `by`. */
export interface ToScanSide {
  readonly job: number
  readonly log: number
  readonly bytes: Uint8Array
  readonly by: number
}

export type FromScanSide =
  | { readonly kind: 'ready' }
  /** Without finds where this block is to be scanned by who wanted it. */
  | { readonly kind: 'found'; readonly job: number; readonly finds: Finds | undefined }

/** In `progress`: how many messages the other thread has sent. */
export const FINISHED = 0

/** Of smaller logs another thread has read too little for the time that it takes to come up and to get warm. */
const WORTH_BYTES = 128 * 1024 * 1024
/** So much is read to see how many lines match, and at least one in so many bytes must: else it is the memory that sets the pace. */
const TRIED_BYTES = 8 * 1024 * 1024
const BYTES_A_FIND_MAX = 1_000
const READY_LOOK_MS = 5
/** A thread that has not scanned a block by then will not. */
const LOST_MS = 10_000

/** Whether it can help to have another thread scan logs of so many bytes: they are large, and a core is idle. */
export function isWorthAhead(bytes: number): boolean {
  return bytes >= WORTH_BYTES && loadavg()[0]! < availableParallelism() - 1
}

/**
 * Has blocks of logs scanned by another thread, before they are needed: scanning knows nothing of what was in other
 * blocks. All that does, the dates that must not go back, sessions and scores, stays in this thread and in the order of
 * blocks. While it waits for a block, this thread scans those behind it.
 *
 * Only a pattern that runs out of time is known to the blocks behind it, which must be scanned without it. Those that were
 * scanned with it are scanned once more, and from then on this thread does all by itself.
 */
export class ScanAhead {
  readonly #logs: readonly ScannedLog[]
  readonly #shared: ReadonlyMap<readonly Feed[], SharedFeeds>
  /** Undefined until it is known to be of use. */
  #worker: Worker | undefined
  #port: MessagePort | undefined
  #bytes = 0
  #finds = 0
  readonly #progress = new Int32Array(new SharedArrayBuffer(4))
  readonly #given = new Map<number, Job>()
  #jobs = 0
  #isReady = false
  #isLost = false

  constructor(logs: readonly ScannedLog[]) {
    this.#logs = logs
    this.#shared = new Map(logs.map(({ feeds }) => [feeds, new SharedFeeds(feeds)]))
  }

  /** The source and the scanner of a log, by its number, for a reader that asks the one for a block and then the other. */
  of(log: number, source: Source): Source & Scanner {
    const { feeds, zone } = this.#logs[log]!
    return new LogAhead({ threads: this, number: log, zone, source, shared: this.#shared.get(feeds)! })
  }

  /** Starts the other thread, and waits until it can scan. */
  async ready(): Promise<void> {
    this.#start()
    for (this.receive(); !this.#isReady && !this.#isLost; this.receive()) await sleep(READY_LOOK_MS)
  }

  /** A block of so many bytes has had its turn. */
  passed(bytes: number, finds: number): void {
    this.#bytes += bytes
    this.#finds += finds
    const isTried = this.#bytes >= TRIED_BYTES && this.#bytes - bytes < TRIED_BYTES
    if (isTried && this.#bytes <= this.#finds * BYTES_A_FIND_MAX) this.#start()
  }

  close(): void {
    this.#port?.close()
    void this.#worker?.terminate()
  }

  get canTake(): boolean {
    return this.#isReady && !this.#isLost
  }

  give(log: number, job: Job): void {
    const number = this.#jobs++
    this.#given.set(number, job)
    const message: ToScanSide = { job: number, log, bytes: job.block.bytes, by: job.block.writtenBy }
    this.#port!.postMessage(message)
  }

  /** Takes what the other thread has done. */
  receive(): void {
    while (this.#port) {
      const received: { message: FromScanSide } | undefined = receiveMessageOnPort(this.#port)
      if (!received) return
      const { message } = received
      if (message.kind === 'ready') this.#isReady = true
      else {
        const job = this.#given.get(message.job)
        this.#given.delete(message.job)
        if (!job) continue
        job.isGiven = false
        job.finds = message.finds
      }
    }
  }

  /** Waits until the other thread has done a job. */
  waitFor(job: Job): void {
    while (job.isGiven && !this.#isLost) {
      const seen = Atomics.load(this.#progress, FINISHED)
      this.receive()
      if (job.isGiven && Atomics.wait(this.#progress, FINISHED, seen, LOST_MS) === 'timed-out') this.#isLost = true
    }
    if (this.#isLost) this.#given.clear()
    job.isGiven = false
  }

  #start(): void {
    if (this.#worker) return
    const { port1, port2 } = new MessageChannel()
    const told = new Map([...this.#shared.keys()].map((feeds) => [feeds, feeds.map(bare)]))
    const workerData: ForScanSide & { readonly port: MessagePort } = {
      logs: this.#logs.map(({ feeds, zone }) => ({ feeds: told.get(feeds)!, zone })),
      progress: this.#progress,
      port: port2,
    }
    this.#port = port1
    this.#worker = new Worker(ourModule('daemon/scan-side'), { workerData, transferList: [port2] })
    this.#worker.unref()
    this.#worker.on('error', () => {
      this.#isLost = true
    })
  }
}

/** What a scanner must know of patterns; what else the user has put into them may not be fit for another thread. */
function bare({ rule, patterns }: Feed): Feed {
  return {
    rule,
    patterns: patterns.map(({ regex, weight = WEIGHT_DEFAULT, packet, set, samples }): Pattern => {
      const some = { match: samples?.match?.slice(0, 1) ?? [], miss: samples?.miss?.slice(0, 1) ?? [] }
      return { regex, weight, samples: some, ...(packet && { packet }), ...(set && { set }) }
    }),
  }
}
