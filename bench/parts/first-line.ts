import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { log2table, log2tableDaemon } from '../lib/daemons.ts'
import { secondsOf, waitFor } from '../lib/processes.ts'
import { median, printTable } from '../lib/turns.ts'

const ROUNDS = 5
const ATTACKER = attacker(71, 1)
const ALL = 'Object.values(shipped).flat()'

/** From the start of the program to the first ban of what stands in its log already: start, configuration, scanner, first block. */
export async function firstLine(): Promise<void> {
  const daemonWith = (name: string, patterns: string) => {
    const daemon = log2tableDaemon({ name, table: 'dryRun', patterns })
    return async () => {
      rmSync(join(dirname(daemon.log), 'state'), { recursive: true, force: true })
      writeFileSync(daemon.log, failedPasswords(ATTACKER, TRIES))
      let isSeen = false
      const running = daemon.start({ onLine: (line) => (isSeen ||= line.includes(ATTACKER)) })
      const ms = await waitFor(() => isSeen || running.hasEnded, { withinMs: 30_000, everyMs: 1 })
      const hasEnded = running.hasEnded
      await running.stop()
      if (ms === undefined || hasEnded) throw new Error(`no ban was seen: ${running.output}`)
      return ms
    }
  }
  const few = join(dirname(log2tableDaemon({ name: 'few', table: 'dryRun' }).log), 'few.log')
  writeFileSync(few, failedPasswords(ATTACKER, TRIES))
  const msOf = async (argv: readonly string[]) => (await secondsOf(argv)) * 1000
  const contenders = [
    { name: 'run, all shipped patterns', run: daemonWith('all', ALL) },
    { name: "run, sshd's patterns", run: daemonWith('sshd', 'shipped.sshd') },
    { name: 'replay of 5 lines, all shipped patterns', run: () => msOf([...log2table, 'replay', few]) },
    { name: 'version', run: () => msOf([...log2table, 'version']) },
    { name: 'node alone', run: () => msOf([process.execPath, '-e', '0']) },
  ].map((one) => ({ ...one, times: [] as number[] }))
  for (let round = 0; round < ROUNDS; round++) for (const { run, times } of contenders) times.push(await run())
  const rows = contenders.map(({ name, times }) => {
    return [name, median(times).toFixed(0), `${Math.min(...times).toFixed(0)}-${Math.max(...times).toFixed(0)}`]
  })
  printTable(`start to the first line's decision; ${ROUNDS} rounds`, [['', 'median ms', 'min-max ms'], ...rows])
}
