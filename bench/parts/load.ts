import { appendFile, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { log2tableDaemon } from '../lib/daemons.ts'
import { writeBenchLog } from '../lib/logs.ts'
import { cpuSecondsOf, waitFor } from '../lib/processes.ts'
import { median, printTable } from '../lib/turns.ts'

const LINES_A_SECOND = 20_000
const SECONDS = 20
const STEPS_A_SECOND = 20

/** What a steady flood costs: processor time of the daemon, and how long an attacker who comes in the midst of it goes on. */
export async function load(): Promise<void> {
  const daemon = log2tableDaemon({ name: 'load', table: 'dryRun' })
  const lines = (await readFile(await writeBenchLog('auth', LINES_A_SECOND * SECONDS), 'latin1')).match(/.*\n/g)!
  const wroteAt = new Map<string, number>()
  const lags: number[] = []
  const running = daemon.start({
    onLine(line) {
      const address = /\b72\.77\.\d+\.\d+\b/.exec(line)?.[0]
      const at = address === undefined ? undefined : wroteAt.get(address)
      if (at === undefined) return
      lags.push(performance.now() - at)
      wroteAt.delete(address!)
    },
  })
  try {
    await sleep(3_000)
    const before = await cpuSecondsOf(running.pid)
    const begunAt = performance.now()
    const steps = SECONDS * STEPS_A_SECOND
    for (let step = 0; step < steps; step++) {
      const from = (step * lines.length) / steps
      let text = lines.slice(from, from + lines.length / steps).join('')
      if (step % STEPS_A_SECOND === 0) {
        const address = attacker(72, step / STEPS_A_SECOND)
        text += failedPasswords(address, TRIES)
        wroteAt.set(address, performance.now())
      }
      await appendFile(daemon.log, text, 'latin1')
      await sleep(Math.max(0, begunAt + ((step + 1) * 1000) / STEPS_A_SECOND - performance.now()))
    }
    const isDone = await waitFor(() => lags.length === SECONDS, { withinMs: 60_000 })
    if (isDone === undefined) throw new Error(`of ${SECONDS} attackers ${lags.length} were banned: ${running.output}`)
    const seconds = (performance.now() - begunAt) / 1000
    const share = ((await cpuSecondsOf(running.pid)) - before) / seconds
    printTable(`${LINES_A_SECOND} lines a second of auth.log for ${seconds.toFixed(1)} s`, [
      ['processor time', `${(100 * share).toFixed(1)} % of a core`],
      ['line to ban, median', `${median(lags).toFixed(0)} ms`],
      ['line to ban, longest', `${Math.max(...lags).toFixed(0)} ms`],
    ])
  } finally {
    await running.stop()
  }
}
