import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { formatAddress } from '../src/base/address.ts'
import { DAY_MS, HOUR_MS } from '../src/base/units.ts'
import type { Decision } from '../src/core/model.ts'
import { replay } from '../src/daemon/replay.ts'
import type { Pattern } from '../src/matching/pattern.ts'
import { Hackers } from '../src/rules/hackers.ts'

const START = Date.UTC(2026, 0, 1)
const pattern: Pattern = { name: 'bad', regex: /^\S+ bad (?<ip>\S+)$/, weight: 100 }

function line(at: number, address: number): string {
  return `${new Date(at).toISOString()} bad ${formatAddress(address)}\n`
}

async function decisionsOf(text: string, rule: Hackers, { onProgress = () => {} }: { onProgress?(share: number): void } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-replay-memory-'))
  const path = join(folder, 'log')
  writeFileSync(path, text)
  const bans: Extract<Decision, { kind: 'ban' }>[] = []
  const onDecision = (decision: Decision) => decision.kind === 'ban' && bans.length < 10 && bans.push(decision)
  try {
    const summary = await replay({
      ...{ rules: new Map([['hackers', rule]]), tables: new Set(['bad_ip']), scansAhead: false },
      logs: [{ path, feeds: [{ rule: 'hackers', patterns: [pattern] }] }],
      protection: { ignored: [], protected: [] },
      ...{ onDecision, onProgress, say: assert.fail },
    })
    return { bans, summary }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('replay holds less than 120 bytes for each offender of the past', async () => {
  const offenders = 60_000
  const text = Array.from({ length: offenders }, (_, n) => line(START + n * 60_000, 0x0b000000 + n * 7919)).join('')
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const held: { readonly share: number; readonly bytes: number }[] = []
  const onProgress = (share: number) => {
    gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    held.push({ share, bytes: heapUsed + arrayBuffers })
  }
  const { summary } = await decisionsOf(text, new Hackers({ table: 'bad_ip' }), { onProgress })
  assert.equal(summary.bans, offenders)
  assert.equal(summary.addresses, offenders)
  // What the program itself needs is there by then.
  const [first, last] = [held.find(({ share }) => share > 0.2)!, held.at(-1)!]
  const each = (last.bytes - first.bytes) / ((last.share - first.share) * offenders)
  assert.ok(each < 120, `${each} bytes`)
})

test('replay forgets after 400 days, as the daemon does, and no sooner', async () => {
  const rule = new Hackers({ table: 'bad_ip', ban: ['1h', '1d'], memory: '1000d' })
  const [one, other] = [0xc0000207, 0xc0000208]
  // Fills blocks up, since what is old is forgotten between two of them.
  const filler = `${'x'.repeat(999)}\n`.repeat(600)
  const hoursOfBans = async (lastDay: number) => {
    const lines = [line(START, one), line(START + (lastDay - 1) * DAY_MS, other), line(START + lastDay * DAY_MS, one)]
    const { bans } = await decisionsOf(lines.join(filler), rule)
    return bans.filter(({ address }) => address === formatAddress(one)).map(({ at, until }) => (until - at) / HOUR_MS)
  }
  assert.deepEqual(await hoursOfBans(390), [1, 24])
  assert.deepEqual(await hoursOfBans(440), [1, 1])
})
