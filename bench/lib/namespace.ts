import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { program } from '../../test/lib/programs.ts'
import { Running, waitFor } from './processes.ts'

const MARK = 'LOG2TABLE_BENCH_NAMESPACE'

/** Inside the namespace that a part runs in. */
export const isInside: boolean = process.env[MARK] !== undefined

/**
 * True inside a network and a mount namespace of our own, where tables may be made and nobody else's are seen. Otherwise runs
 * this part of the bench again in a new one, and gives false when that is done.
 */
export function isInNamespace(part: string): boolean {
  if (isInside) {
    spawnSync(program('ip'), ['link', 'set', 'lo', 'up'])
    // The daemon looks for programs in the system's folders only, and here nft may be an unpacked one.
    spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/usr/local/sbin'])
    symlinkSync(program('nft'), '/usr/local/sbin/nft')
    return true
  }
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const bench = new URL('../bench.ts', import.meta.url).pathname
  const argv = [...asRoot, '--net', '--mount', '--', process.execPath, '--disable-warning=ExperimentalWarning', bench, part]
  const { status, error } = spawnSync(program('unshare'), argv, { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } })
  if (status !== 0)
    throw new Error(`bench ${part}: the run in a network namespace failed: ${error?.message ?? `status ${status}`}`)
  return false
}

/** Hears from the kernel which addresses enter sets, and when; nothing is polled. */
export class SetWatch {
  readonly #monitor: Running
  readonly #seenAt = new Map<string, number>()

  constructor() {
    this.#monitor = new Running([program('nft'), 'monitor'], {
      onLine: (line) => {
        const address = /^add element .*\{ ([\d.]+)/.exec(line)?.[1]
        if (address !== undefined && !this.#seenAt.has(address)) this.#seenAt.set(address, performance.now())
      },
    })
  }

  /** How many addresses entered a set so far. */
  get size(): number {
    return this.#seenAt.size
  }

  has(address: string): boolean {
    return this.#seenAt.has(address)
  }

  /** When the address entered a set (ms, as `performance.now` counts), or undefined where that took too long. */
  async waitFor(address: string, withinMs: number): Promise<number | undefined> {
    await waitFor(() => this.#seenAt.has(address), { withinMs, everyMs: 1 })
    return this.#seenAt.get(address)
  }

  stop(): Promise<void> {
    return this.#monitor.stop()
  }
}

/** How many elements the sets of this namespace hold that a ban puts an IPv4 address into. */
export function countEntries(): number {
  const { stdout } = spawnSync(program('nft'), ['list', 'ruleset'], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return stdout.match(/\b\d+\.\d+\.\d+\.\d+\b/g)?.length ?? 0
}
