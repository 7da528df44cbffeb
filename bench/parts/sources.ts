import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { failedPasswordFrom } from '../lib/attackers.ts'
import { log2tableDaemon } from '../lib/daemons.ts'
import { memoryOf, waitFor } from '../lib/processes.ts'
import { printTable } from '../lib/turns.ts'

const SOURCES = 1_000_000
const SECONDS = 40
const STEP_MS = 100

/** Memory of the daemon while a million addresses, each with one failed password, come within a minute. */
export async function sources(): Promise<void> {
  const daemon = log2tableDaemon({ name: 'flood', table: 'dryRun' })
  const running = daemon.start()
  const most = { rss: 0, pss: 0 }
  const look = async () => {
    const now = await memoryOf(running.pid)
    most.rss = Math.max(most.rss, now.rss)
    most.pss = Math.max(most.pss, now.pss)
    return now
  }
  try {
    await sleep(3_000)
    const idle = await look()
    const begunAt = performance.now()
    for (let told = 0; told < SOURCES; await sleep(STEP_MS)) {
      const due = Math.min(SOURCES, Math.ceil((SOURCES * (performance.now() - begunAt)) / SECONDS / 1000))
      let lines = ''
      for (; told < due; told++) lines += failedPasswordFrom(told)
      await appendFile(daemon.log, lines)
      await look()
    }
    const hits = async () => (await daemon.status()).rules[0]!.hits
    const isDone = await waitFor(async () => (await hits()) >= SOURCES, { withinMs: 60_000, everyMs: 250 })
    const seconds = (performance.now() - begunAt) / 1000
    if (isDone === undefined) throw new Error(`log2table told ${await hits()} of ${SOURCES} hits: ${running.output}`)
    await sleep(2_000)
    const after = await look()
    const { rules, bounds } = await daemon.status()
    const evictions = bounds.reduce((sum, { name, letGo = 0 }) => sum + (name.startsWith('sources') ? letGo : 0), 0)
    printTable(`${SOURCES / 1e6} M sources within ${seconds.toFixed(0)} s`, [
      ['', 'RSS', 'PSS'],
      ['idle', mib(idle.rss), mib(idle.pss)],
      ['at most', mib(most.rss), mib(most.pss)],
      ['2 s after', mib(after.rss), mib(after.pss)],
      ['sources with points', String(rules[0]!.scored), ''],
      ['let go', String(evictions), ''],
    ])
  } finally {
    await running.stop()
  }
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
