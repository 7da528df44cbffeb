import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../../test/lib/programs.ts'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { type Daemon, enforcedBy, fail2banDaemon, log2tableDaemon } from '../lib/daemons.ts'
import { countEntries, isInNamespace, SetWatch } from '../lib/namespace.ts'
import { waitFor } from '../lib/processes.ts'
import { median, printTable } from '../lib/turns.ts'

const ROUNDS = 3
const BANS = 10_000
/** Of keeper and engine. */
const BANS_SPLIT = 100_000
/** fail2ban runs one command for each: about a minute for 10,000, and as long to ban them first. */
const BANS_FAIL2BAN = 1_000

/** From the start of the program to the last of its bans in the kernel's set, where all sets are gone as after a reboot. */
export async function start(): Promise<void> {
  if (!isInNamespace('start')) return
  const runs = [
    { daemon: log2tableDaemon(), network: 51, bans: BANS, times: [] as number[] },
    { daemon: log2tableDaemon({ isSplit: true }), network: 53, bans: BANS_SPLIT, times: [] as number[] },
    { daemon: fail2banDaemon(), network: 52, bans: BANS_FAIL2BAN, times: [] as number[] },
  ]
  for (const { daemon, network, bans } of runs) await ban(daemon, network, bans)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { daemon, bans, times } of runs) {
      flush()
      const { status } = daemon
      const watch = status ? undefined : new SetWatch()
      await sleep(500)
      const running = daemon.start()
      const areIn = async () => (status ? await enforcedBy({ status }) : watch!.size) >= bans
      const ms = await waitFor(areIn, { withinMs: 120_000, everyMs: 50 })
      const entries = countEntries()
      await running.stop()
      await watch?.stop()
      if (ms === undefined || entries < bans)
        throw new Error(`${daemon.name} put ${entries} of ${bans} back into force: ${running.output}`)
      times.push(ms)
    }
  }
  const rows = [['', 'bans', 'median s', 's for 10,000']]
  for (const { daemon, bans, times } of runs) {
    const seconds = median(times) / 1000
    rows.push([daemon.name, String(bans), seconds.toFixed(2), ((seconds / bans) * 10_000).toFixed(2)])
  }
  printTable(`start to all bans in force; ${ROUNDS} rounds`, rows)
}

/** Has the daemon ban so many addresses, and stops it. */
async function ban(daemon: Daemon, network: number, bans: number): Promise<void> {
  flush()
  const running = daemon.start()
  await sleep(3_000)
  for (let n = 0; n < bans; n++) appendFileSync(daemon.log, failedPasswords(attacker(network, n), TRIES))
  const isDone = await waitFor(() => countEntries() >= bans, { withinMs: 120_000, everyMs: 500 })
  await running.stop()
  if (isDone === undefined) throw new Error(`${daemon.name} banned ${countEntries()} of ${bans}: ${running.output}`)
}

/** This is a network namespace of our own. */
function flush(): void {
  spawnSync(program('nft'), ['flush', 'ruleset'])
}
