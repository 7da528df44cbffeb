import { createReadStream } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { fail2banDaemon, log2tableDaemon } from '../lib/daemons.ts'
import { writeBenchLog } from '../lib/logs.ts'
import { isInNamespace, SetWatch } from '../lib/namespace.ts'
import { memoryOf, waitFor } from '../lib/processes.ts'
import { printTable } from '../lib/turns.ts'

const LINES = 1_000_000
const LINES_FAIL2BAN = 50_000

/** Memory of the daemon and all its processes: when it has just started, and when it has read a long log. */
export async function memory(): Promise<void> {
  if (!isInNamespace('memory')) return
  const rows = [['', 'processes', 'RSS idle', 'PSS idle', 'lines', 's to read them', 'RSS after', 'PSS after']]
  for (const { daemon, network, lines } of [
    { daemon: log2tableDaemon(), network: 61, lines: LINES },
    { daemon: log2tableDaemon({ isSplit: true }), network: 63, lines: LINES },
    { daemon: fail2banDaemon(), network: 62, lines: LINES_FAIL2BAN },
  ]) {
    const load = await writeBenchLog('auth', lines)
    const watch = new SetWatch()
    const running = daemon.start()
    try {
      await sleep(5_000)
      const idle = await memoryOf(running.pid)
      const start = performance.now()
      for await (const chunk of createReadStream(load, { highWaterMark: 1 << 20 })) await appendFile(daemon.log, chunk)
      const last = attacker(network, 1)
      await appendFile(daemon.log, failedPasswords(last, TRIES))
      // It may refuse the ban: days of logins and typos within seconds look to it as if it banned its own clients.
      const isRead = () => watch.has(last) || running.output.includes(last)
      if ((await waitFor(isRead, { withinMs: 300_000 })) === undefined)
        throw new Error(`${daemon.name} did not come to the end of its log: ${running.output}`)
      const readAt = performance.now()
      await sleep(2_000)
      const after = await memoryOf(running.pid)
      const seconds = ((readAt - start) / 1000).toFixed(1)
      rows.push([
        daemon.name,
        String(after.processes),
        mib(idle.rss),
        mib(idle.pss),
        String(lines),
        seconds,
        mib(after.rss),
        mib(after.pss),
      ])
    } finally {
      await running.stop()
      await watch.stop()
    }
  }
  printTable('memory', rows)
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
