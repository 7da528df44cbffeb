import type { Json } from '../../src/base/units.ts'
import type { Block, Source, SourceContext } from '../../src/sources/source.ts'

/** For tests: what a source is given, with a clock that is moved by hand, and everything it said. */
export interface TestContext extends SourceContext {
  clockAt: number
  readonly said: string[]
  /** Resolves at the next `onReady`. */
  ready(): Promise<void>
}

export function testContext(position?: Json): TestContext {
  const said: string[] = []
  let waiting: (() => void)[] = []
  return {
    clockAt: Date.now(),
    said,
    position,
    now() {
      return this.clockAt
    },
    onReady() {
      for (const resolve of waiting) resolve()
      waiting = []
    },
    say: (level, message) => said.push(`${level}: ${message}`),
    ready: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

/** For tests: reads whatever there is, and remembers the lines and the last position. */
export class Reading {
  readonly source: Source
  readonly lines: string[] = []
  /** Those that hold lines. */
  readonly blocks: Omit<Block, 'bytes'>[] = []
  position: Json | undefined

  constructor(source: Source, position?: Json) {
    this.source = source
    this.position = position
  }

  /** The lines that came, Latin-1; of at most so many blocks. */
  now(blocksMax = Number.POSITIVE_INFINITY): string[] {
    const before = this.lines.length
    for (let blocks = 0; blocks < blocksMax; blocks++) {
      const block = this.source.read()
      if (!block) break
      this.#take(block)
    }
    return this.lines.slice(before)
  }

  #take({ bytes, ...block }: Block): void {
    const text = Buffer.from(bytes).toString('latin1')
    if (text !== '' && !text.endsWith('\n')) throw new Error(`a block that does not end with a line: ${text}`)
    this.lines.push(...text.split('\n').slice(0, -1))
    // As the store does it.
    this.position = JSON.parse(JSON.stringify(block.position))
    if (text !== '') this.blocks.push(block)
  }

  /** Reads until `isEnough`, waiting for what is being decompressed. */
  async until(context: TestContext, isEnough: () => boolean): Promise<void> {
    for (;;) {
      const ready = context.ready()
      this.now()
      if (isEnough()) return
      await ready
    }
  }
}
