import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attacker, failedPasswords, TRIES } from '../lib/attackers.ts'
import { compileAhead, log2table, log2tableDaemon } from '../lib/daemons.ts'
import { secondsOf, waitFor } from '../lib/processes.ts'
import { median, printTable } from '../lib/turns.ts'

const ROUNDS = 7
const LONG_AGO = new Date(0)
const ATTACKER = attacker(71, 1)
const ALL = 'Object.values(shipped).flat()'

/**
 * From the start of the program to the first bytes that it reads of its log, and to the first ban of what stands there already: start,
 * configuration, scanner, first block. The first is seen by the time of access that the file system keeps. What is read then is the
 * head, by which a log is known again; its lines follow when the scanner is made.
 */
export async function firstLine(): Promise<void> {
  compileAhead()
  const daemonWith = (name: string, patterns: string, until: 'read' | 'decided') => {
    const daemon = log2tableDaemon({ name, table: 'dryRun', patterns })
    return async () => {
      rmSync(join(dirname(daemon.log), 'state'), { recursive: true, force: true })
      writeFileSync(daemon.log, failedPasswords(ATTACKER, TRIES))
      utimesSync(daemon.log, LONG_AGO, new Date())
      let isDecided = false
      const running = daemon.start({ onLine: (line) => (isDecided ||= line.includes(ATTACKER)) })
      const isSeen = () => (until === 'decided' ? isDecided : statSync(daemon.log).atime > LONG_AGO)
      const ms = await waitFor(() => isSeen() || running.hasEnded, { withinMs: 30_000, everyMs: 1 })
      const hasEnded = running.hasEnded
      await running.stop()
      if (ms === undefined || hasEnded) throw new Error(`it was not ${until}: ${running.output}`)
      return ms
    }
  }
  const few = join(dirname(log2tableDaemon({ name: 'few', table: 'dryRun' }).log), 'few.log')
  writeFileSync(few, failedPasswords(ATTACKER, TRIES))
  const msOf = async (argv: readonly string[]) => (await secondsOf(argv)) * 1000
  const contenders = [
    { name: 'run, all shipped patterns: its log is read', run: daemonWith('all', ALL, 'read') },
    { name: 'run, all shipped patterns: first decision', run: daemonWith('all', ALL, 'decided') },
    { name: "run, sshd's patterns: its log is read", run: daemonWith('sshd', 'shipped.sshd', 'read') },
    { name: "run, sshd's patterns: first decision", run: daemonWith('sshd', 'shipped.sshd', 'decided') },
    { name: 'replay of 5 lines, all shipped patterns', run: () => msOf([...log2table, 'replay', few]) },
    { name: 'version', run: () => msOf([...log2table, 'version']) },
    { name: 'node alone', run: () => msOf([process.execPath, '-e', '0']) },
  ].map((one) => ({ ...one, times: [] as number[] }))
  for (let round = 0; round < ROUNDS; round++) for (const { run, times } of contenders) times.push(await run())
  const rows = contenders.map(({ name, times }) => {
    return [name, median(times).toFixed(0), `${Math.min(...times).toFixed(0)}-${Math.max(...times).toFixed(0)}`]
  })
  printTable(`start, compiled ahead as an installer does; ${ROUNDS} rounds`, [['', 'median ms', 'min-max ms'], ...rows])
}
