import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, type TestContext, test } from 'node:test'
import { writeLog } from '../../bench/generate.ts'
import type { LogOptions } from '../../bench/logs/log.ts'
import * as shipped from '../../src/patterns/index.ts'
import { AS_ROOT } from '../lib/running.ts'
import { decide, type ReferenceDecision } from '../reference/decide.ts'
import { readLines } from '../reference/lines.ts'

const log2table = new URL('../../bin/log2table', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'log2table-reference-'))
after(() => rmSync(folder, { recursive: true }))

/** Without a configuration, replay tries every shipped pattern on every line. */
const patterns = Object.values(shipped).flat()

/** `SEED=7 node --test test/e2e/reference.test.ts` runs another log. */
const seed = Number(process.env.SEED ?? 1)

test('replay of a million lines decides what the naive reference decides, decision by decision', async (context) => {
  await compare(context, { kind: 'auth', lines: 1_000_000, seed, startAt: Date.parse('2025-03-03T00:00:00Z'), days: 4 })
})

test('so it does over New Year, where the dates of syslog name no year', async (context) => {
  await compare(context, { kind: 'auth', lines: 100_000, seed: seed + 1, startAt: Date.parse('2024-12-31T12:00:00Z'), days: 1 })
})

async function compare(context: TestContext, options: LogOptions): Promise<void> {
  const file = join(folder, 'auth.log')
  const { attackLines } = await writeLog(options, file)
  const expected = decide(readLines(file), patterns, options.startAt)
  const actual = await replay(file)

  const count = (kind: string) => expected.filter((decision) => decision.kind === kind).length
  context.diagnostic(
    `seed ${options.seed}: ${options.lines} lines, ${attackLines} of attacks, ${expected.length} decisions: ${count('ban')} bans, ${count('unban')} unbans, ${count('refused')} refused`,
  )
  for (const kind of ['ban', 'unban', 'refused'])
    assert.ok(count(kind) > 0, `the log has no ${kind}, so it proves nothing of them`)
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    assert.deepEqual(actual[i], expected[i], `seed ${options.seed}: decision ${i} of ${expected.length}`)
  }
  const framed = actual.filter(({ address }) => isVictim(address))
  assert.deepEqual(framed, [], `seed ${options.seed}: decisions on addresses that never connected`)
}

/** The generator has attackers write these addresses, and nobody come from them. */
function isVictim(address: string): boolean {
  return /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./.test(address)
}

async function replay(file: string): Promise<ReferenceDecision[]> {
  const child = spawn(log2table, ['replay', '--json', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...AS_ROOT, ...process.env, TZ: 'UTC', LOG2TABLE_NODE: process.execPath },
  })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
  })
  const decisions: ReferenceDecision[] = []
  const ended = new Promise((resolve) => child.on('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    const { reason, ...decision } = JSON.parse(line)
    assert.equal(typeof reason, 'string', line)
    decisions.push(decision)
  }
  assert.equal(await ended, 0, complaint)
  return decisions
}
