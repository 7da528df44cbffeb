import { machine } from './lib/machine.ts'
import { isInside } from './lib/namespace.ts'
import { compare } from './parts/compare.ts'
import { core } from './parts/core.ts'
import { firstLine } from './parts/first-line.ts'
import { flat } from './parts/flat.ts'
import { latency } from './parts/latency.ts'
import { ledger } from './parts/ledger.ts'
import { load } from './parts/load.ts'
import { losses } from './parts/losses.ts'
import { matcher } from './parts/matcher.ts'
import { memory } from './parts/memory.ts'
import { packets } from './parts/packets.ts'
import { longReplay, replay } from './parts/replay.ts'
import { sources } from './parts/sources.ts'
import { stall } from './parts/stall.ts'
import { start } from './parts/start.ts'
import { store } from './parts/store.ts'

/** Each can be run alone: `node bench/bench.ts matcher`. Nothing is asserted about time. */
const parts: Readonly<Record<string, () => Promise<void>>> = {
  ...{
    matcher,
    replay,
    core,
    store,
    ledger,
    latency,
    start,
    memory,
    sources,
    'first-line': firstLine,
    load,
    stall,
    compare,
    flat,
    'long-replay': longReplay,
    packets,
    losses,
  },
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(64)
}
if (!isInside) console.log(machine())
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) await parts[name]!()
