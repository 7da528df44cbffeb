import { closeSync, openSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const preload = fileURLToPath(new URL('moved-clock-preload.ts', import.meta.url))

/** The clock of a program of ours: it stands still but where it is moved, and the program sees that at once. */
export class MovedClock {
  readonly #path: string
  readonly #fd: number
  #now = 0

  /** Keeps the time in a file of its own. */
  constructor(t: { after(end: () => void): void }, { path, at }: { path: string; at: number }) {
    this.#path = path
    this.#fd = openSync(path, 'w')
    t.after(() => closeSync(this.#fd))
    this.set(at)
  }

  get now(): number {
    return this.#now
  }

  set(at: number): void {
    this.#now = at
    writeSync(this.#fd, new Float64Array([at]), 0, 8, 0)
  }

  move(ms: number): void {
    this.set(this.#now + ms)
  }

  /** The same command of Node, with this clock. */
  around = ([node = '', ...args]: readonly string[]): readonly string[] => {
    return ['/usr/bin/env', `LOG2TABLE_TEST_CLOCK=${this.#path}`, node, '--import', preload, ...args]
  }
}
