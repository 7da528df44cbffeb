import { MINUTE_MS, SECOND_MS } from '../../src/base/units.ts'
import { Core, SOURCES_MAX } from '../../src/core/core.ts'
import type { HitFact } from '../../src/core/model.ts'
import { HITS_MAX } from '../../src/daemon/pipeline.ts'
import { limitRules } from '../../src/daemon/rule-limit.ts'
import type { Generic } from '../../src/rules/generic.ts'
import { Hackers } from '../../src/rules/hackers.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { type Contender, measureInTurn, printTable } from '../lib/turns.ts'

const HITS = 300_000
const ROUNDS = 3
const AT = Date.UTC(2026, 10, 21)
/** More than the core keeps, so that some have to go. */
const FLOOD = SOURCES_MAX + SOURCES_MAX / 4

/** The core alone: hits a second, with a shipped rule and with one that has to be watched; and a flood of sources. */
export async function core(): Promise<void> {
  const facts = Array.from({ length: HITS }, (_, n) => hit(n, 0x10000000 + ((n * 7919) % 50_000), AT + n))
  class Own extends Hackers {}
  const contenders: Contender[] = [
    { name: 'a shipped rule', run: () => secondsOf(new Hackers({ table: 'bad_ip' }), facts, facts.length) },
    { name: `a user's own, ${HITS_MAX} hits at once`, run: () => secondsOf(new Own({ table: 'bad_ip' }), facts, HITS_MAX) },
    {
      name: "a user's own, line by line",
      run: () => secondsOf(new Own({ table: 'bad_ip' }), facts.slice(0, HITS / 100), 1),
      lines: HITS / 100,
    },
  ]
  await measureInTurn(`the core: ${HITS} hits from 50,000 addresses, a ban for each fifth`, contenders, {
    rounds: ROUNDS,
    lines: HITS,
  })
  flood()
}

function secondsOf(rule: Generic, facts: readonly HitFact[], atOnce: number): number {
  const { rules, core, store } = newCore(rule)
  const tell = limitRules(core, rules)
  const begunAt = performance.now()
  for (let from = 0; from < facts.length; from += atOnce) {
    tell(facts.slice(from, from + atOnce))
    store.commit(core.take().changes)
  }
  return (performance.now() - begunAt) / 1000
}

/** Many more sources than are kept, within an hour; and one that is slow: 40 points every 20 minutes. */
function flood(): void {
  const { core, store } = newCore(new Hackers({ table: 'bad_ip' }))
  const slow = 0xc0000207
  const everyMs = (50 * MINUTE_MS) / FLOOD
  let bannedAt: number | undefined
  let slowHits = 0
  const begunAt = performance.now()
  for (let n = 0; n < FLOOD; n++) {
    const at = AT + n * everyMs
    if (at >= AT + slowHits * 20 * MINUTE_MS) core.tell({ ...hit(slowHits++, slow, at), weight: 40 })
    core.tell(hit(n, 0x10000000 + n, at))
    if (n % 500 > 0) continue
    const { changes, decisions } = core.take()
    store.commit(changes)
    bannedAt ??= decisions.find(({ kind }) => kind === 'ban')?.at
  }
  const [report] = core.report().rules
  printTable(`a flood of ${FLOOD / 1e6} M sources within 50 min, ${SOURCES_MAX / 1e6} M are kept`, [
    ['seconds that it took', ((performance.now() - begunAt) / 1000).toFixed(1)],
    ['sources with points', String(report!.sources)],
    ['let go', String(report!.evictions)],
    [
      'slow: 40 points every 20 min',
      bannedAt === undefined ? 'not banned' : `banned after ${Math.round((bannedAt - AT) / SECOND_MS / 60)} min`,
    ],
    ['others banned', String(core.report().liveBans - (bannedAt === undefined ? 0 : 1))],
  ])
}

function newCore(rule: Generic) {
  const store = memoryStore()
  const rules = new Map([['hackers', rule]])
  const core = new Core({ rules, tables: new Set(['bad_ip']), offender: (source) => store.offender(source) })
  return { rules, core, store }
}

function hit(n: number, address: number, at: number): HitFact {
  return {
    ...{
      kind: 'hit',
      at,
      rule: 'hackers',
      log: '/var/log/authlog',
      position: n * 100,
      pattern: 'sshd/failed-password',
      set: 'sshd',
    },
    ...{ weight: 20, once: false, distinct: undefined, spoofable: false, login: undefined, address, session: undefined },
    ...{ account: 'root', times: 1, parameters: {}, line: '' },
  }
}
