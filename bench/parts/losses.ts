import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { rowsOf } from '../../test/lib/chaos-count.ts'
import { configurationOf, databaseOf, type Setting, writeParameters } from '../../test/lib/chaos-daemon.ts'
import { lineOf, numberIn } from '../../test/lib/chaos-lines.ts'
import { chosenSeed, randomFrom } from '../../test/lib/chaos-random.ts'
import { startWriter, type WriterOptions } from '../../test/lib/chaos-writing.ts'
import { log2table } from '../lib/daemons.ts'
import { numberedFail2ban } from '../lib/numbered-fail2ban.ts'
import { Running, waitFor } from '../lib/processes.ts'
import { printTable } from '../lib/turns.ts'
import { workFolder } from '../lib/work-folder.ts'

const LINES_PER_SECOND = 200
const SECONDS = 30
const KILLS = 10
/** fail2ban needs most of a second to start. */
const LIFE_MS = { least: 1_000, greatest: 4_000 }

/** Both follow the same log at the same time, and are killed at the same moments. */
interface Follower {
  readonly name: string
  readonly argv: readonly string[]
  /** The number of each line that it has counted, as often as it did. */
  counted(): number[]
}

/** Lines that are lost and lines that are counted twice: rotation, kill -9, and being down, as the chaos tests have it. */
export async function losses(): Promise<void> {
  const seed = chosenSeed()
  const rows = [['', 'lines', 'log2table lost', 'double', 'fail2ban lost', 'double']]
  for (const rotation of ['rename', 'copytruncate'] as const) {
    for (const kills of [0, KILLS]) {
      const title = `${rotation} every second${kills > 0 ? `, ${kills} kills` : ''}`
      rows.push([title, ...(await follow(title, { rotation, kills, seed }))])
    }
  }
  rows.push(['down for two rotations, one to .gz', ...(await beDown())])
  printTable(`lines lost and counted twice, both on the same log; CHAOS_SEED=${seed}`, rows)
}

async function follow(
  title: string,
  { rotation, kills, seed }: { rotation: WriterOptions['rotation']; kills: number; seed: number },
): Promise<readonly string[]> {
  const random = randomFrom(seed)
  const { log, folder, followers } = scene(title)
  let running = await startAll(followers)
  const endings: (() => void)[] = []
  const options = { log, truth: join(folder, 'truth'), rotation, everyMs: 1_000, linesPerSecond: LINES_PER_SECOND, seed }
  const writer = startWriter({ after: (end) => endings.push(end as () => void) }, options)
  try {
    if (kills === 0) await sleep(SECONDS * 1_000)
    for (let kill = 0; kill < kills; kill++) {
      await sleep(LIFE_MS.least + random() * (LIFE_MS.greatest - LIFE_MS.least))
      await Promise.all(running.map((one) => one.kill()))
      running = followers.map(({ argv }) => new Running(argv))
    }
    const { issued } = await writer.stop()
    return await outcome(followers, issued)
  } finally {
    await Promise.all(running.map((one) => one.stop()))
    for (const end of endings) end()
  }
}

async function beDown(): Promise<readonly string[]> {
  const { log, followers } = scene('down')
  let next = 1
  const write = (count: number) => {
    const lines = Array.from({ length: count }, () => `${lineOf(next++, Date.now())}\n`)
    appendFileSync(log, lines.join(''))
  }
  let running = await startAll(followers)
  write(100)
  await waitFor(() => followers.every(({ counted }) => counted().length >= 100), { withinMs: 10_000 })
  await Promise.all(running.map((one) => one.stop()))
  write(1_000)
  renameSync(log, `${log}.1`)
  write(1_000)
  execFileSync('gzip', [`${log}.1`])
  renameSync(`${log}.1.gz`, `${log}.2.gz`)
  renameSync(log, `${log}.1`)
  write(1_000)
  running = followers.map(({ argv }) => new Running(argv))
  try {
    return await outcome(followers, next - 1)
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
}

function scene(title: string): { readonly folder: string; readonly log: string; readonly followers: readonly Follower[] } {
  const folder = join(workFolder, title.replace(/\W+/g, '-'))
  const log = join(folder, 'app.log')
  const setting: Setting = { folder, log }
  mkdirSync(folder)
  writeFileSync(log, '')
  writeParameters(setting)
  const countedByUs = () => rowsOf(databaseOf(setting), 'SELECT line FROM hits').map(({ line }) => numberIn(String(line))!)
  const ours = { name: 'log2table', argv: [...log2table, 'run', '--config', configurationOf(setting)], counted: countedByUs }
  return { folder, log, followers: [ours, { name: 'fail2ban', ...numberedFail2ban(join(folder, 'fail2ban'), log) }] }
}

/** Lines that nobody could know of yet are no loss: the first is written when both follow. */
async function startAll(followers: readonly Follower[]): Promise<readonly Running[]> {
  const running = followers.map(({ argv }) => new Running(argv))
  await sleep(4_000)
  for (const one of running) if (one.hasEnded) throw new Error(`it has ended: ${one.output}`)
  return running
}

/** How many lines, and of each follower the lost and the double ones, when it has come to the end of the log or makes no way. */
async function outcome(followers: readonly Follower[], issued: number): Promise<readonly string[]> {
  const cells = [String(issued)]
  for (const { counted } of followers) {
    await waitFor(() => counted().includes(issued), { withinMs: 20_000, everyMs: 200 })
    const numbers = counted()
    const distinct = new Set(numbers)
    cells.push(String(issued - distinct.size), String(numbers.length - distinct.size))
  }
  return cells
}
