import type { Namespace } from './namespace.ts'
import { program } from './programs.ts'
import { Running } from './running.ts'
import { waitFor } from './wait-for.ts'

/** Hears from the kernel which addresses enter the nft sets of a namespace, and when; nothing is polled. */
export class SetWatch {
  readonly #monitor: Running
  readonly #addedAt = new Map<string, number>()

  private constructor(namespace: Namespace) {
    this.#monitor = new Running(namespace.inside([program('nft'), 'monitor']), {
      onLine: ({ text, at }) => {
        const address = /^add element .*\{ ([\da-f.:]+)/.exec(text)?.[1]
        if (address !== undefined) this.#addedAt.set(address, at)
      },
    })
  }

  static async start(namespace: Namespace): Promise<SetWatch> {
    const watch = new SetWatch(namespace)
    // It says nothing when it begins to listen.
    const tryOut = async () => {
      await namespace.run([program('nft'), '-f', '-'], TRY_OUT)
      return watch.#addedAt.delete('192.0.2.255')
    }
    await waitFor('nft monitor hears of changes', 5_000, tryOut)
    return watch
  }

  /** When the address entered a set last (ms, as `performance.now` counts). */
  async addedAt(address: string, withinMs: number): Promise<number> {
    await waitFor(`${address} is in a set`, withinMs, () => this.#addedAt.has(address))
    return this.#addedAt.get(address)!
  }

  async stop(): Promise<void> {
    this.#monitor.signal('SIGTERM')
    await this.#monitor.end()
  }
}

const TRY_OUT = `
add table inet try_out
add set inet try_out listening { type ipv4_addr; }
add element inet try_out listening { 192.0.2.255 }
delete table inet try_out
`
