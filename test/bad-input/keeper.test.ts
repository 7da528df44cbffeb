import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenSeed } from '../lib/chaos-random.ts'
import { fuzzWire } from '../lib/wire-fuzz.ts'

const MESSAGES = 20_000

test('whatever comes over its wire, the keeper has only valid requests run, bans nothing protected, and serves on', async (t) => {
  const seed = chosenSeed()
  const { messages, connections, cut, steps } = await fuzzWire(MESSAGES, seed)
  t.diagnostic(`CHAOS_SEED=${seed}: ${messages} messages in ${connections} connections, ${cut} cut off; ${steps} commands`)
  assert.ok(cut > connections / 10 && cut < connections, 'some are cut off, others are served')
  assert.ok(steps > MESSAGES / 10, 'good requests are done')
})
