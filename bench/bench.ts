import { machine } from './lib/machine.ts'
import { isInside } from './lib/namespace.ts'
import { latency } from './parts/latency.ts'
import { losses } from './parts/losses.ts'
import { matcher } from './parts/matcher.ts'
import { memory } from './parts/memory.ts'
import { replay } from './parts/replay.ts'
import { start } from './parts/start.ts'
import { store } from './parts/store.ts'

/** Each can be run alone: `node bench/bench.ts matcher`. Nothing is asserted about time. */
const parts: Readonly<Record<string, () => Promise<void>>> = { matcher, replay, store, latency, start, memory, losses }

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(64)
}
if (!isInside) console.log(machine())
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) await parts[name]!()
