import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryPath } from './fixtures/changes.ts'
import { openState } from './open.ts'

const KILLS = 20
const writer = fileURLToPath(import.meta.resolve('./fixtures/writer.ts'))

test(`killed at ${KILLS} random moments, the database holds whole batches, all that were committed, each once`, async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_007)
  t.diagnostic(`SEED=${seed}`)
  const random = randomFrom(seed)
  const path = temporaryPath(t)
  let kept = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const batch = [1, 7, 100, 500][Math.floor(random() * 4)]!
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', writer, path, String(batch)])
    const exited = once(child, 'exit')
    let told = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told = (told + text).slice(-100)
    })
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), random() * 60)
    await exited

    const { store, saved, damage } = openState(path, () => 0)
    assert.equal(damage, undefined)
    const points = Array.from(saved.hits, (hit) => hit.points)
    const position = saved.positions[0]?.position
    store.close()
    const committed = Number(/(\d+)\n[^\n]*$/.exec(told)?.[1] ?? kept)
    assert.equal(position, points.length, 'the position is that of the last hit')
    assert.equal((points.length - kept) % batch, 0, 'batches are whole')
    assert.ok(points.length >= committed, `${points.length} hits, and ${committed} were committed`)
    assert.deepEqual(
      points,
      Array.from(points, (_, i) => i + 1),
      'each hit is there once, in order',
    )
    kept = points.length
  }
  assert.ok(kept > 0)
  t.diagnostic(`${KILLS} kills, ${kept} hits`)
})

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
