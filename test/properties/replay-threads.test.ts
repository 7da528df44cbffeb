import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { generateLog, type LogKind } from '../../bench/logs/log.ts'
import { LINE_BYTES_MAX } from '../../src/base/limits.ts'
import type { Decision, HitFact } from '../../src/core/model.ts'
import { type ReplayOptions, replay } from '../../src/daemon/replay.ts'
import type { Feed, Pattern } from '../../src/matching/pattern.ts'
import { caddy, httpd, sshd } from '../../src/patterns/index.ts'
import { Hackers } from '../../src/rules/hackers.ts'

/** Other logs than those of the seeds before: `SEED=7 node --test ...`. */
const SEED = Number(process.env.SEED ?? 1)
const START = Date.UTC(2026, 10, 21)
/** Enough for some dozen blocks. */
const LINES = 30_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-threads-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const rules = new Map([['hackers', new Hackers({ table: 'bad_ip' })]])
const trap: Pattern = { name: 'trap', regex: /^trap (?=x)(?:x+x+)+y(?<ip>\S+)$/, weight: 50 }
/** Known to be harmless, and so in front of the trap: what it hides shows when it is lost. */
const lid: Pattern = { name: 'lid', regex: /^\w+ (?=x)(?:x+x+)+y\S+ lid$/, weight: 0 }
const under: Pattern = { name: 'under', regex: /^\w+ x+y(?<ip>\S+) lid$/, weight: 30 }
const hostile = `trap ${'x'.repeat(60)}!xy lid`

function write(name: string, text: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  utimesSync(path, START / 1000 + 86_400, START / 1000 + 86_400)
  return path
}

function linesOf(kind: LogKind, seed: number, lines = LINES): string[] {
  return [...generateLog({ kind, lines, seed, startAt: START, days: 1 })].join('').trimEnd().split('\n')
}

/** All that comes of logs: each hit as the core is told of it, each decision, what is said, and the summary. */
async function outcome(logs: ReplayOptions['logs'], scansAhead: boolean) {
  const hits: HitFact[] = []
  const decisions: Decision[] = []
  const said: string[] = []
  const options: Omit<ReplayOptions, 'onHit'> = {
    ...{ rules, tables: new Set(['bad_ip']), logs, protection: { ignored: [], protected: [] }, scansAhead },
    onDecision: (decision) => decisions.push(decision),
    say: (message) => said.push(message),
  }
  const { blindSpots, ...summary } = await replay({ ...options, onHit: (hit) => hits.push(hit) })
  const blind = blindSpots.map(({ nearest, ...spot }) => ({ ...spot, nearest: nearest().map(({ line }) => line) }))
  return { hits, decisions, said, summary, blind }
}

async function agree(logs: ReplayOptions['logs']) {
  const one = await outcome(logs, false)
  const two = await outcome(logs, true)
  assert.equal(two.hits.length, one.hits.length)
  for (const [number, hit] of one.hits.entries()) assert.deepEqual(two.hits[number], hit)
  assert.deepEqual({ ...two, hits: [] }, { ...one, hits: [] })
  return one
}

describe('with another thread that scans, replay comes to the same, in the same order', () => {
  test('for several logs that are read together, old ones and compressed ones among them', async (t) => {
    const ssh: readonly Feed[] = [{ rule: 'hackers', patterns: sshd }]
    const web: readonly Feed[] = [{ rule: 'hackers', patterns: httpd }]
    const auth = linesOf('auth', SEED)
    const logs = [
      { path: write('auth.log.1', `${auth.slice(0, LINES / 2).join('\n')}\n`), feeds: ssh },
      { path: write('auth.log', auth.slice(LINES / 2).join('\n')), feeds: ssh },
      { path: write('access.log', `${linesOf('access', SEED).join('\n')}\n`), feeds: web },
      { path: write('old.gz', gzipSync(`${linesOf('auth', SEED + 1).join('\n')}\n`)), feeds: ssh, zone: '+02:00' },
    ]
    const { hits, decisions } = await agree(logs)
    t.diagnostic(`seed ${SEED}: ${hits.length} hits and ${decisions.length} decisions are the same`)
    assert.ok(hits.length > 10_000 && decisions.length > 100)
  })

  test('for lines that say that they were repeated, name no date, are too long, JSON, IPv6, or no text', async () => {
    const strange = [
      'Nov 21 10:00:00 gate last message repeated 3 times',
      'no date at all',
      `Nov 21 10:00:00 gate sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2 ${'x'.repeat(LINE_BYTES_MAX)}`,
      'Nov 21 10:00:00 gate sshd[7]: Failed password for \xff\xfe from 2001:db8::7 port 22 ssh2\r',
      'named gate.example',
      'Nov 21 10:00:00 gate sshd[9]: message repeated 4 times: [ Failed password for root from ::ffff:192.0.2.9 port 22 ssh2]',
      ...caddy.flatMap(({ samples }) => samples?.match?.map(([line]) => line) ?? []),
    ]
    const lines = linesOf('auth', SEED + 2).flatMap((line, number) => [
      line,
      ...(number % 3 === 0 ? [strange[(number / 3) % strange.length]!] : []),
    ])
    const feeds = [
      { rule: 'hackers', patterns: [...sshd, ...caddy, { name: 'named', regex: /^named (?<ip>\S+)$/ }] },
      { rule: 'hackers', patterns: sshd.slice(0, 3) },
    ]
    const { summary } = await agree([{ path: write('auth.log', Buffer.from(`${lines.join('\n')}\n`, 'latin1')), feeds }])
    assert.ok(summary.overlongLines > 0 && summary.withoutAddress > 0)
  })

  for (const place of [0, 0.3, 0.9]) {
    test(`where a pattern is lost on the way, ${place * 100} % of it: in all logs of the same patterns, and none else`, async () => {
      const feeds: readonly Feed[] = [{ rule: 'hackers', patterns: [...sshd, lid, trap, under] }]
      const others: readonly Feed[] = [{ rule: 'hackers', patterns: [trap, ...sshd] }]
      // In the midst of a log whose lines come later, so that the others are ahead of it and behind.
      const logOf = (name: string, seed: number, hang: number | undefined) => {
        const lines = linesOf('auth', seed).flatMap((line, number) => [
          line,
          ...(number === hang ? [hostile] : []),
          ...(number % 20 === 0 ? [`trap xxy192.0.2.${number % 250}`, `trap xxy198.51.100.${number % 250} lid`] : []),
        ])
        return write(name, `${lines.join('\n')}\n`)
      }
      const at = Math.floor(place * LINES)
      const { hits, summary } = await agree([
        { path: logOf('one.log', SEED + 3, at), feeds },
        { path: logOf('two.log', SEED + 4, at + 1_000), feeds },
        { path: logOf('three.log', SEED + 5, undefined), feeds: others },
      ])
      assert.deepEqual([...summary.quarantined.keys()].sort(), ['lid', 'trap'])
      assert.ok(
        hits.some(({ pattern }) => pattern === 'under'),
        'what the lost pattern has hidden shows',
      )
      const trapped = hits.filter(({ pattern, log }) => pattern === 'trap' && log.endsWith('three.log'))
      assert.equal(trapped.length, LINES / 20)
    })
  }
})
