import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenSeed } from '../lib/chaos-random.ts'
import { fuzzReader } from '../lib/reader-fuzz.ts'

const MESSAGES = 5_000

test('whatever comes over its wire, the reader passes on nothing but logs that it may read, and serves on', async (t) => {
  const seed = chosenSeed()
  const { messages, connections, cut, blocks } = await fuzzReader(MESSAGES, seed)
  t.diagnostic(`CHAOS_SEED=${seed}: ${messages} messages in ${connections} connections, ${cut} cut off; ${blocks} blocks of logs`)
  assert.ok(cut > connections / 10 && cut < connections, 'some are cut off, others are served')
  assert.ok(blocks > connections / 10, 'logs are read')
})
