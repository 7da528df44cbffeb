import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../../test/lib/programs.ts'
import { attacker } from '../lib/attackers.ts'
import { enforcedBy, log2tableDaemon } from '../lib/daemons.ts'
import { isInNamespace, SetWatch } from '../lib/namespace.ts'
import { signalAll, waitFor } from '../lib/processes.ts'
import { percentile, printTable } from '../lib/turns.ts'

const ENTRIES = 1_000_000
const LINES_AT_ONCE = 10_000
const NETWORK = 81
const LATER = 82
const ENTRIES_WITHIN_MS = 600_000
const RIGHT_WITHIN_MS = 300_000
const BAN_EVERY_MS = 500
/** The kernel tells of so many changes at once that who listens may miss one. */
const SEEN_WITHIN_MS = 5_000

const SET = 'bad_ip_split_v4'

/**
 * Keeper and engine with a million entries, of which one set is emptied by somebody else: how long until it is right again, and
 * what the engine, which goes on banning, feels of it.
 */
export async function compare(): Promise<void> {
  if (!isInNamespace('compare')) return
  const patterns = '[{ name: "bad", regex: /^bad (?<ip>\\S+)$/, weight: 100 }]'
  const daemon = log2tableDaemon({ name: 'compare', patterns, isSplit: true })
  const monitor = new URL('../lib/loop-delay.ts', import.meta.url).href
  const stalls: string[] = []
  let [said, saidAt] = ['', 0]
  const running = daemon.start({
    nodeOptions: ['--import', monitor],
    onLine(line) {
      if (/^longest stall /.test(line)) stalls.push(line)
      if (/restored in/.test(line)) [said, saidAt] = [line, performance.now()]
    },
  })
  const fill = async () => {
    const startedAt = performance.now()
    for (let n = 0; n < ENTRIES; n += LINES_AT_ONCE) {
      appendFileSync(daemon.log, Array.from({ length: LINES_AT_ONCE }, (_, i) => `bad ${attacker(NETWORK, n + i)}\n`).join(''))
      await sleep(1)
    }
    const isDone = await waitFor(async () => (await enforcedBy(daemon)) >= ENTRIES, {
      withinMs: ENTRIES_WITHIN_MS,
      everyMs: 1_000,
    })
    if (isDone === undefined) throw new Error(`${await enforcedBy(daemon)} of ${ENTRIES} came into force: ${running.output}`)
    return performance.now() - startedAt
  }
  const times: number[] = []
  let [filledMs, rightMs, missed] = [0, 0, 0]
  try {
    await waitFor(async () => (await daemon.status().catch(() => undefined)) !== undefined, { withinMs: 20_000, everyMs: 500 })
    filledMs = await fill()
    await sleep(10_000)
    await signalAll(running.pid, 'SIGUSR2')
    spawnSync(program('nft'), ['flush', 'set', 'inet', 'log2table', SET])
    const watch = new SetWatch()
    const flushedAt = performance.now()
    for (let n = 0; said === ''; n++) {
      if (performance.now() - flushedAt > RIGHT_WITHIN_MS) throw new Error(`it was not right again: ${running.output}`)
      const address = attacker(LATER, n)
      const appendedAt = performance.now()
      appendFileSync(daemon.log, `bad ${address}\n`)
      const seenAt = await watch.waitFor(address, SEEN_WITHIN_MS)
      if (seenAt === undefined) missed++
      else times.push(seenAt - appendedAt)
      await sleep(BAN_EVERY_MS)
    }
    rightMs = saidAt - flushedAt
    await watch.stop()
  } finally {
    await running.stop()
  }
  const stallOf = (mark: RegExp) => /[\d.]+(?= ms)/.exec(stalls.find((line) => mark.test(line)) ?? '')?.[0] ?? '-'
  printTable(`${ENTRIES.toLocaleString('en')} entries, keeper and engine; the set is emptied by somebody else`, [
    ['lines appended to all in force', `${(filledMs / 1000).toFixed(1)} s`],
    ['emptied to right again', `${(rightMs / 1000).toFixed(1)} s`, said],
    ['longest stall of the engine meanwhile', `${stallOf(/ --keeper /)} ms`],
    ['longest stall of the keeper meanwhile', `${stallOf(/^(?!.* (--keeper|reader) )/)} ms`],
    ['line to entry meanwhile, median / greatest', `${percentile(times, 50).toFixed(0)} / ${Math.max(...times).toFixed(0)} ms`],
    ['bans meanwhile; not seen within 5 s', `${times.length + missed}; ${missed}`],
  ])
}
