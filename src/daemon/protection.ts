import { statSync } from 'node:fs'
import type { Network } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import type { ProtectedNetwork, ProtectFact } from '../core/model.ts'
import { withoutLoss } from '../firewall/protected.ts'
import type { Protection } from '../firewall/read-protected.ts'
import { readIgnoreFile } from '../parameters/ignore-file.ts'
import type { Configuration } from '../parameters/parameters.ts'

/** How often the machine's own addresses and the ignore files are looked at again. */
export const PROTECTION_LOOK_MS = 5_000

/**
 * Knows who must not be banned: what the user ignores, and what would lock somebody out. Where it cannot be known any
 * more, because an ignore file is gone, has a fault, or is suddenly empty, or because the machine suddenly shows no address of
 * its own, banning is suspended until it can. Of what else the machine does not tell, what it told before holds on.
 */
export class ProtectionWatch {
  readonly #ignore: Configuration['ignore']
  readonly #proxies: Configuration['proxies']
  readonly #readMachine: () => Promise<Protection>
  readonly #log: Log
  readonly #files = new Map<string, IgnoreFileState>()
  /** Of this machine, as far as it was ever told. */
  #machine: readonly ProtectedNetwork[] = []
  #hadOwnAddresses = false
  #troubles: readonly string[] = []
  #last: string | undefined
  #lastTroubles = ''

  constructor({
    ignore,
    proxies,
    readMachine,
    log,
  }: Pick<Configuration, 'ignore' | 'proxies'> & { readMachine: () => Promise<Protection>; log: Log }) {
    this.#ignore = ignore
    this.#proxies = proxies
    this.#readMachine = readMachine
    this.#log = log
  }

  /** What is protected now, where it differs from the last answer. */
  async look(): Promise<Omit<ProtectFact, 'at'> | undefined> {
    const machine = await this.#readMachine()
    this.#machine = withoutLoss(this.#machine, machine)
    const files = this.#ignore.files.map((path) => this.#lookAt(path))
    const isBlind = this.#hadOwnAddresses && machine.ownAddresses === 0
    if ((machine.ownAddresses ?? 0) > 0) this.#hadOwnAddresses = true
    const troubles = [...files.flatMap(({ trouble }) => trouble ?? []), ...(isBlind ? machine.troubles : [])]
    this.#troubles = troubles
    this.#tell([...new Set([...troubles, ...machine.troubles])])
    const ignored = [...this.#ignore.networks, ...files.flatMap(({ networks }) => networks)]
    const suspended = troubles.length > 0 ? `nobody is banned while ${troubles.join('; ')}` : undefined
    const fact = { kind: 'protect', ignored, protected: this.#machine, proxies: this.#proxies, suspended } as const
    const text = JSON.stringify(fact, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
    if (text === this.#last) return undefined
    this.#last = text
    return fact
  }

  /** What must be mended, for `status`. */
  get troubles(): readonly string[] {
    return this.#troubles
  }

  #lookAt(path: string): IgnoreFileState {
    const before = this.#files.get(path)
    const version = versionOf(path)
    if (before && before.version === version) return before
    const { networks, trouble } = readIgnoreFile(path)
    const state: IgnoreFileState = { version, networks: networks ?? before?.networks ?? [], trouble: undefined }
    if (trouble) {
      const [{ line, message }] = trouble as [{ line?: number; message: string }]
      state.trouble = `${path}${line === undefined ? '' : `:${line}`} ${message}`
    } else if (networks?.length === 0 && before && before.networks.length > 0) {
      // Whoever empties it on purpose restarts or reloads us; an editor or a full disk does it by mistake.
      state.networks = before.networks
      state.trouble = `${path} is suddenly empty (if that is meant, run "log2table reload")`
    }
    this.#files.set(path, state)
    return state
  }

  #tell(troubles: readonly string[]): void {
    const text = troubles.join('; ')
    if (text !== this.#lastTroubles && text !== '') this.#log.warning(`what must not be banned is not known for certain: ${text}`)
    if (text !== this.#lastTroubles && text === '') this.#log.info('what must not be banned is known again')
    this.#lastTroubles = text
  }
}

interface IgnoreFileState {
  /** Tells whether the file has changed. */
  readonly version: string
  /** As last read without trouble. */
  networks: readonly Network[]
  trouble: string | undefined
}

function versionOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path)
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
