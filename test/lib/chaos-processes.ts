import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatAddress } from '../../src/base/address.ts'
import { rangesOf, rowsOf } from './chaos-count.ts'
import { differences } from './chaos-kill.ts'
import { chosenSeed, randomFrom } from './chaos-random.ts'
import { Processes } from './processes.ts'
import { waitFor } from './wait-for.ts'

const FIRST = 0x0b000000
const BURST_EVERY_MS = 20
const BURST_ADDRESSES_MAX = 5
/** How long the engine is waited for that comes no further with what it has fallen behind. */
const CATCH_UP_MS = 60_000

const ALL = ['keeper', 'engine', 'reader'] as const

/**
 * Lines are written all the time, by addresses that are each to be banned, to a log that only the reader may read, while
 * keeper, engine and reader are killed at random moments, one of them or several, and started again; and now and then the log
 * is rotated. In the end no line is lost or counted twice, and the firewall holds who is banned and nobody else.
 */
export async function killProcesses(t: TestContext, kills: number): Promise<void> {
  const seed = chosenSeed()
  t.diagnostic(`CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  const scene = await Processes.create(t, { isLogClosed: true })
  let written = 0
  let address = FIRST
  const write = () => {
    const lines: string[] = []
    for (let i = Math.floor(random() * BURST_ADDRESSES_MAX); i >= 0; i--) {
      const text = formatAddress(address++)
      lines.push(`bad ${text} ${written++}`, `bad ${text} ${written++}`)
    }
    scene.log(lines)
  }

  const startedAt = performance.now()
  await scene.startKeeper()
  await scene.startReader()
  scene.startEngine()
  await scene.engineRuns()
  const startMs = performance.now() - startedAt
  const writing = setInterval(write, BURST_EVERY_MS)
  t.after(() => clearInterval(writing))
  const killed = { keeper: 0, engine: 0, reader: 0 }
  let rotations = 0
  const unbanned: string[] = []
  for (let kill = 0; kill < kills; kill++) {
    await sleep(random() * startMs * 1.5)
    if (random() < 0.3) {
      // Done or not: he counts as unbanned where it said so.
      const one = formatAddress(FIRST + Math.floor(random() * (address - FIRST)))
      if (/^unbanned /.test((await scene.run('unban', one)).stdout)) unbanned.push(one)
    }
    if (random() < 0.3) scene.rotateLog(++rotations)
    const first = Math.floor(random() * ALL.length)
    const which = ALL.filter((_, i) => i === first || random() < 0.2)
    await scene.kill(...which)
    for (const one of which) killed[one]++
    if (which.includes('keeper')) await scene.startKeeper()
    if (which.includes('reader')) await scene.startReader()
    if (which.includes('engine')) scene.startEngine()
  }
  clearInterval(writing)
  write()
  const database = scene.path('state/state.db')
  const counted = () => rowsOf(database, 'SELECT line FROM hits').map(({ line }) => Number(String(line).split(' ')[2]))
  const missing = () => {
    const found = new Set(counted())
    return rangesOf(Array.from({ length: written }, (_, number) => number).filter((number) => !found.has(number)))
  }
  const count = () => Number(rowsOf(database, 'SELECT count(*) AS hits FROM hits')[0]!.hits)
  for (let before = count(); before < written; before = count()) {
    const more = () => `more than ${before} of ${written} are counted; not ${missing()}`
    await waitFor(more, CATCH_UP_MS, () => count() > before)
  }
  await scene.isRight()

  const numbers = counted()
  const lost = written - new Set(numbers).size
  const banned = await scene.banned()
  const wanted = Array.from({ length: address - FIRST }, (_, i) => formatAddress(FIRST + i)).filter(
    (one) => !unbanned.includes(one),
  )
  t.diagnostic(
    `keeper killed ${killed.keeper} times, engine ${killed.engine}, reader ${killed.reader}; ${rotations} rotations; ` +
      `${written} lines: ${lost} lost, ` +
      `${numbers.length - new Set(numbers).size} double; ${banned.length} banned, ${unbanned.length} unbanned by hand`,
  )
  assert.deepEqual([lost, numbers.length], [0, written], 'lines lost, lines counted')
  assert.equal(differences(banned, wanted), '', 'who is banned')
  assert.equal(differences(await scene.held(), banned), '', 'what the firewall holds')
}
