import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { SECOND_MS } from '../base/units.ts'

/** How much the heap may grow by, in percent of what is alive in it, before what is dead is looked for. */
const GROWTH_PERCENT = 40

/**
 * When little happens V8 puts together what is alive in the heap, all of it at once: of a heap of 800 MB that takes a third of a
 * second, in which no line is read. One that holds more than this is left as it is.
 */
const COMPACTED_BYTES_MAX = 256 * 1024 * 1024
const LOOK_EVERY_MS = 10 * SECOND_MS

/**
 * Has V8 clear away sooner what is not used any more. Left alone, it lets the heap under a flood of lines grow to four times what
 * it holds; it does not know that a firewall has other uses for its memory. A V8 that does not know the option says so and goes on.
 */
export function growHeapModestly(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}

/** The same for the daemon, which lives long. */
export function keepHeapModest(): void {
  growHeapModestly()
  let isLarge = false
  const look = () => {
    if (getHeapStatistics().used_heap_size > COMPACTED_BYTES_MAX === isLarge) return
    isLarge = !isLarge
    setFlagsFromString(isLarge ? '--no-memory-reducer' : '--memory-reducer')
  }
  setInterval(look, LOOK_EVERY_MS).unref()
}
