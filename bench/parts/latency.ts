import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../../test/lib/programs.ts'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { type Daemon, fail2banDaemon, log2tableDaemon } from '../lib/daemons.ts'
import { isInNamespace, SetWatch } from '../lib/namespace.ts'
import { percentile, printTable } from '../lib/turns.ts'

const ATTACKERS = 120
const WITHIN_MS = 10_000
/** The networks of attackers: of what nft alone puts in, and the first of the daemons'. */
const NFT = 40
const DAEMONS = 41

/** From the moment a line is appended that makes an address reach its threshold to its entry in a set of the kernel. */
export async function latency(): Promise<void> {
  if (!isInNamespace('latency')) return
  const watch = new SetWatch()
  const floor: number[] = []
  spawnSync(program('nft'), ['add table inet bench; add set inet bench addresses { type ipv4_addr; flags timeout; }'])
  const runs = [log2tableDaemon(), log2tableDaemon({ isSplit: true }), fail2banDaemon()].map((daemon, i) => ({
    daemon,
    network: DAEMONS + i,
    running: daemon.start(),
    times: [] as number[],
  }))
  try {
    for (const { daemon, network, running } of runs) {
      if (!(await isAwake(watch, daemon, network))) throw new Error(`${daemon.name} banned nobody: ${running.output}`)
      for (let n = 0; n < ATTACKERS; n++) appendFileSync(daemon.log, failedPasswords(attacker(network, n), TRIES - 1))
    }
    await sleep(5_000)
    for (let n = 0; n < ATTACKERS; n++) {
      const startedAt = performance.now()
      addToSet(attacker(NFT, n))
      floor.push(((await watch.waitFor(attacker(NFT, n), WITHIN_MS)) ?? Number.POSITIVE_INFINITY) - startedAt)
      for (const { daemon, network, times } of runs) {
        // At no fixed phase of whatever clock the daemon has.
        await sleep(20 + ((n * 37) % 61))
        const line = failedPasswords(attacker(network, n), 1)
        const appendedAt = performance.now()
        appendFileSync(daemon.log, line)
        const seenAt = await watch.waitFor(attacker(network, n), WITHIN_MS)
        times.push((seenAt ?? Number.POSITIVE_INFINITY) - appendedAt)
      }
    }
  } finally {
    for (const { running } of runs) await running.stop()
    await watch.stop()
  }
  const rows = [['', 'median ms', 'p95 ms', 'greatest ms']]
  for (const [name, times] of [
    ...runs.map(({ daemon, times }) => [daemon.name, times] as const),
    ['nft alone', floor] as const,
  ]) {
    rows.push([name, percentile(times, 50).toFixed(1), percentile(times, 95).toFixed(1), Math.max(...times).toFixed(1)])
  }
  printTable(`line appended to entry in the nft set; ${ATTACKERS} attackers each, in turn`, rows)
}

/** What nft itself takes to put one address in, until the kernel tells us of it: nobody who calls it can be faster. */
function addToSet(address: string): void {
  spawn(program('nft'), [`add element inet bench addresses { ${address} timeout 1h }`], { stdio: 'ignore' })
}

/** Lets the daemon ban one address, to see that it follows its log. */
async function isAwake(watch: SetWatch, { log }: Daemon, network: number): Promise<boolean> {
  await sleep(2_000)
  const first = attacker(network, 65_000)
  appendFileSync(log, failedPasswords(first, TRIES))
  return (await watch.waitFor(first, 20_000)) !== undefined
}
