import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type Address, parseAddress, parseNetwork } from '../../src/base/address.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS } from '../../src/base/units.ts'
import type { Change, HitFact, SavedBan, SavedHit, SavedPosition, SavedSession } from '../../src/core/model.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { SavedPoints, Store } from '../../src/store/store.ts'

interface Kind {
  readonly name: string
  /** What is committed outlives the store. */
  readonly isLasting: boolean
  open(folder: string): Store
}

const kinds: readonly Kind[] = [
  { name: 'memory', isLasting: false, open: memoryStore },
  { name: 'sqlite', isLasting: true, open: (folder) => openSqlite(join(folder, 'state.db')) },
]

const NOW = Date.UTC(2026, 10, 21, 12)
const v4 = address('192.0.2.7')
const other = address('198.51.100.1')
const v6 = address('2001:db8:1:2::')
const fromTheBeginning = () => 0

for (const { name, isLasting, open } of kinds) {
  describe(`store ${name}`, () => {
    test('knows nothing of a source that never did anything', (t) => {
      const at = opened(t, open)
      at.store.commit([hit({ source: v4 })])
      assert.equal(at.store.offender(v4), undefined)
    })

    test('tells the bans of a source, oldest first, ended ones too, and a ban for life as such', (t) => {
      const at = opened(t, open)
      const first = ban({ at: NOW - 5 * DAY_MS, until: NOW - 5 * DAY_MS + HOUR_MS })
      const second = ban({ at: NOW, until: FOR_LIFE, rule: 'by hand', table: 'blockips' })
      at.store.commit([{ kind: 'ban', ban: second }])
      at.store.commit([
        { kind: 'ban', ban: first },
        { kind: 'unban', id: first.id, at: NOW - 1, reason: 'ended' },
      ])
      assert.deepEqual(at.store.offender(v4), {
        bans: [
          { at: first.at, rule: 'hackers', table: 'bad_ip', until: first.until },
          { at: NOW, rule: 'by hand', table: 'blockips', until: FOR_LIFE },
        ],
        listings: [],
        lastLoginAt: undefined,
      })
      assert.equal(at.store.offender(other), undefined)
    })

    test('tells of a ban that was lifted early, for life too, that it ended then', (t) => {
      const at = opened(t, open)
      const bans = [ban({ at: NOW - 3 }), ban({ at: NOW - 2, until: FOR_LIFE }), ban({ at: NOW - 1, until: NOW })]
      at.store.commit(bans.map((ban): Change => ({ kind: 'ban', ban })))
      at.store.commit(bans.map(({ id }): Change => ({ kind: 'unban', id, at: NOW + 5, reason: 'pardoned' })))
      assert.deepEqual(
        at.store.offender(v4)?.bans.map(({ until }) => until),
        [NOW + 5, NOW + 5, NOW],
      )
    })

    test('tells the bans of an IPv6 source by its /64, and not those of a wider network', (t) => {
      const at = opened(t, open)
      at.store.commit([
        { kind: 'ban', ban: ban({ network: '2001:db8:1:2::/64' }) },
        { kind: 'ban', ban: ban({ network: '2001:db8:1::/48' }) },
      ])
      assert.equal(at.store.offender(v6)?.bans.length, 1)
    })

    test('tells the last login of a source over all its accounts, also when told out of order', (t) => {
      const at = opened(t, open)
      at.store.commit([
        { kind: 'login', source: v4, at: NOW, account: 'ann' },
        { kind: 'login', source: v4, at: NOW - 1, account: undefined },
        { kind: 'login', source: v4, at: NOW - 2, account: 'ann' },
      ])
      assert.deepEqual(at.store.offender(v4), { bans: [], listings: [], lastLoginAt: NOW })
    })

    test('tells of whom a login was accepted since then', (t) => {
      const at = opened(t, open)
      at.store.commit([
        { kind: 'login', source: v4, at: NOW - 5, account: 'ann' },
        { kind: 'login', source: v4, at: NOW, account: 'bob' },
        { kind: 'login', source: v6, at: NOW - 5, account: undefined },
        { kind: 'login', source: other, at: NOW - 9, account: 'ann' },
      ])
      assert.deepEqual(new Set(at.store.loginsSince(NOW - 9)), new Set([v4, v6]))
      assert.deepEqual(at.store.loginsSince(NOW - 5), [v4])
    })

    test('takes a ban that is given again under the same id in the place of the one before', (t) => {
      const at = opened(t, open)
      const one = ban({ until: NOW + 1 })
      const again = { ...one, until: NOW + 2 }
      at.store.commit([
        { kind: 'ban', ban: one },
        { kind: 'unban', id: one.id, at: NOW, reason: 'replaced' },
        { kind: 'ban', ban: again },
      ])
      assert.deepEqual(
        at.store.offender(v4)?.bans.map(({ until }) => until),
        [NOW + 2],
      )
      if (isLasting) assert.deepEqual(at.store.load(fromTheBeginning).bans, [again])
    })

    test('does not mind an unban of a ban it does not know, nor an empty commit', (t) => {
      const at = opened(t, open)
      at.store.commit([])
      at.store.commit([{ kind: 'unban', id: 'nothing', at: NOW, reason: 'ended' }])
      assert.equal(at.store.offender(v4), undefined)
    })

    test('tells on which days a source was in tables that others keep, each once', (t) => {
      const at = opened(t, open)
      const networks = [parseNetwork('192.0.2.7')!, parseNetwork('2001:db8:1:2::/64')!]
      const day = Math.floor(NOW / DAY_MS)
      const snapshot = { kind: 'snapshot', day, table: 'fw1/bad_ip', entries: 2, networks } as const
      at.store.commit([snapshot, { ...snapshot, day: day - 1 }, { ...snapshot, networks: networks.slice(1) }])
      at.store.commit([snapshot])
      const days = at.store.offender(v4)?.listings.map((listing) => listing.day)
      assert.deepEqual(days?.sort(), [day - 1, day])
      assert.deepEqual(at.store.offender(v6)?.bans, [])
      assert.equal(at.store.offender(other), undefined)
    })

    test('keeps that a ban was refused out of the history of bans', (t) => {
      const at = opened(t, open)
      const refusal = { at: NOW, network: parseNetwork('192.0.2.7')!, table: 'bad_ip', rule: 'hackers', score: 100, reason: 'r' }
      at.store.commit([{ kind: 'refused', refusal }])
      assert.equal(at.store.offender(v4), undefined)
      assert.equal(at.store.purge(NOW + 1, 10), false)
    })

    test('purges old logins and ended bans in steps, and never a ban that lives', (t) => {
      const at = opened(t, open)
      const live = ban({ at: NOW - 400 * DAY_MS, until: FOR_LIFE })
      const ended = Array.from({ length: 5 }, (_, i) => ban({ at: NOW - 300 * DAY_MS + i, network: `198.51.100.${i}` }))
      at.store.commit([
        { kind: 'ban', ban: live },
        ...ended.flatMap((ban): Change[] => [
          { kind: 'ban', ban },
          { kind: 'unban', id: ban.id, at: ban.until, reason: 'ended' },
        ]),
        { kind: 'login', source: other, at: NOW - 200 * DAY_MS, account: 'ann' },
        { kind: 'login', source: v4, at: NOW - DAY_MS, account: 'ann' },
      ])
      const steps = []
      do steps.push(at.store.purge(NOW - 90 * DAY_MS, 4))
      while (steps.at(-1))
      assert.deepEqual(steps, [true, false])
      assert.deepEqual(at.store.offender(v4), {
        bans: [{ at: live.at, rule: live.rule, table: live.table, until: FOR_LIFE }],
        listings: [],
        lastLoginAt: NOW - DAY_MS,
      })
      for (let i = 0; i < 5; i++) assert.equal(at.store.offender(address(`198.51.100.${i}`)), undefined)
    })

    test('begins with nothing', (t) => {
      const at = opened(t, open)
      const { hits, ...rest } = at.store.load(fromTheBeginning)
      assert.deepEqual([...hits], [])
      assert.deepEqual(rest, { bans: [], kept: [], sessions: [], positions: [], lifted: [], clockAt: undefined })
    })

    if (!isLasting) return

    test('loads live points by time, each rule from its own moment on', (t) => {
      const at = opened(t, open)
      at.store.commit([
        hit({ at: NOW - 3, points: 1 }),
        hit({ at: NOW - 2, points: 2, source: v6, address: address('2001:db8:1:2::99') }),
        hit({ at: NOW - 2, points: 3, rule: 'wifi' }),
      ])
      at.store.commit([hit({ at: NOW - 1, points: 0 }), hit({ at: NOW - 1, points: 4, account: 'ann', distinct: 'p ann' })])
      at.reopen()
      assert.deepEqual(pointsOf(at.store), [1, 2, 3, 4])
      assert.deepEqual(
        pointsOf(at.store, (rule) => (rule === 'wifi' ? NOW : NOW - 2)),
        [2, 4],
      )
      assert.deepEqual(
        [...at.store.load(() => NOW - 1).hits],
        [
          {
            at: NOW - 1,
            rule: 'hackers',
            source: v4,
            points: 4,
            spoofable: false,
            account: 'ann',
            distinct: 'p ann',
          } satisfies SavedPoints,
        ],
      )
    })

    test('leaves out points that were spent before, and only those of the rule and the source', (t) => {
      const at = opened(t, open)
      at.store.commit([
        hit({ points: 1 }),
        hit({ points: 2, rule: 'wifi' }),
        hit({ points: 3, source: other }),
        { kind: 'spend', rule: 'hackers', source: v4 },
        hit({ points: 4 }),
      ])
      assert.deepEqual(pointsOf(at.store), [2, 3, 4])
    })

    test('leaves out the points of an account that were credited, and keeps those without one', (t) => {
      const at = opened(t, open)
      at.store.commit([
        hit({ points: 1, account: 'ann' }),
        hit({ points: 2, account: 'bob' }),
        hit({ points: 3 }),
        hit({ points: 4, account: 'ann', source: other }),
        { kind: 'credit', rule: 'hackers', source: v4, account: 'ann' },
        hit({ points: 5, account: 'ann' }),
      ])
      at.reopen()
      assert.deepEqual(pointsOf(at.store), [2, 3, 4, 5])
    })

    test('gives back text exactly as it was: NUL, quotes, what is no Latin', (t) => {
      const at = opened(t, open)
      const account = `a\0b'";--\u202e\u{1f600}\\ `
      const kept = { [account]: [null, true, -1.5, account] }
      at.store.commit([
        hit({ account, distinct: account, line: account, log: account, pattern: account }),
        hit({ account: 'a', points: 99 }),
        { kind: 'kept', rule: 'hackers', source: v4, kept, wakeAt: undefined },
      ])
      at.reopen()
      const { hits, ...saved } = at.store.load(fromTheBeginning)
      const [one] = hits
      assert.deepEqual([one?.account, one?.distinct], [account, account])
      assert.deepEqual(saved.kept, [{ rule: 'hackers', source: v4, kept, wakeAt: undefined }])
      at.store.commit([{ kind: 'credit', rule: 'hackers', source: v4, account }])
      assert.deepEqual(pointsOf(at.store), [99])
    })

    test('loads bans that have not ended by time, those whose end has passed too', (t) => {
      const at = opened(t, open)
      const passed = ban({ at: NOW - DAY_MS, until: NOW - 1 })
      const life = ban({
        at: NOW,
        until: FOR_LIFE,
        network: '2001:db8::/48',
        score: 120,
        reason: 'sshd/failed in /var/log/authlog',
      })
      const lifted = ban({ at: NOW - 2, network: '198.51.100.1' })
      const counts = ban({ at: NOW + 1, network: '198.51.100.2', countsForNetwork: true })
      at.store.commit([
        { kind: 'ban', ban: life },
        { kind: 'ban', ban: counts },
        { kind: 'ban', ban: lifted },
        { kind: 'ban', ban: passed },
        { kind: 'unban', id: lifted.id, at: NOW, reason: 'pardoned' },
      ])
      at.reopen()
      assert.deepEqual(at.store.load(fromTheBeginning).bans, [passed, life, counts])
    })

    test('tells what was lifted early not long ago, unless it is banned again in that table', (t) => {
      const at = opened(t, open)
      const bans = {
        pardoned: ban({ network: '192.0.2.1' }),
        ended: ban({ network: '192.0.2.2', until: NOW + 1 }),
        replaced: ban({ network: '192.0.2.3' }),
        again: ban({ network: '192.0.2.3', at: NOW + 1 }),
        long: ban({ network: '192.0.2.4', at: NOW - 9 * DAY_MS, until: FOR_LIFE }),
        life: ban({ network: '2001:db8:1:2::/64', until: FOR_LIFE }),
      }
      at.store.commit([
        ...Object.values(bans).map((ban): Change => ({ kind: 'ban', ban })),
        ...[bans.pardoned, bans.ended, bans.replaced, bans.life].map((ban): Change => {
          return { kind: 'unban', id: ban.id, at: NOW + 1, reason: 'r' }
        }),
        { kind: 'unban', id: bans.long.id, at: NOW - 8 * DAY_MS, reason: 'r' },
        { kind: 'clock', at: NOW + 1 },
      ])
      assert.deepEqual(at.store.load(fromTheBeginning).lifted, [
        { table: 'bad_ip', network: bans.pardoned.network },
        { table: 'bad_ip', network: bans.life.network },
      ])
    })

    test('keeps the last of what a rule keeps, what a session is, and where a log was left', (t) => {
      const at = opened(t, open)
      const session = (key: string, more: Partial<SavedSession> = {}): SavedSession => {
        return { key, seenAt: NOW, address: undefined, port: undefined, costs: {}, isLoggedIn: false, ...more }
      }
      const fact: HitFact = {
        ...{ kind: 'hit', at: NOW, rule: 'hackers', log: 'b', position: 4, pattern: 'sshd/x', set: 'sshd', weight: 20 },
        ...{ once: true, distinct: undefined, spoofable: false, login: undefined, address: v6, session: '17', account: 'ann' },
        ...{ times: 1, parameters: { user: 'ann', deep: [1, { a: null }] }, line: 'a line' },
      }
      const nameless: HitFact = {
        ...fact,
        address: undefined,
        set: undefined,
        session: undefined,
        account: undefined,
        login: 'opened',
      }
      const position = (log: string, more: Partial<SavedPosition> = {}): SavedPosition => {
        return { log, position: { inode: 7, offset: 4 }, toldHits: 0, lastAt: NOW, lastHits: [], ...more }
      }
      const b = position('b', { position: undefined, toldHits: 3, lastHits: [fact, nameless] })
      at.store.commit([
        { kind: 'kept', rule: 'wifi', source: v4, kept: { phase: 1 }, wakeAt: NOW },
        { kind: 'kept', rule: 'wifi', source: other, kept: 1, wakeAt: undefined },
        { kind: 'session', session: session('1', { port: '50022', costs: { hackers: { atLeast: 25, sum: 20 } } }) },
        { kind: 'session', session: session('2') },
        { kind: 'session', session: session('3') },
        { kind: 'position', position: position('a') },
        { kind: 'clock', at: NOW - 1 },
      ])
      at.store.commit([
        { kind: 'kept', rule: 'wifi', source: v4, kept: null, wakeAt: NOW + 1 },
        { kind: 'kept', rule: 'wifi', source: v6, kept: undefined, wakeAt: NOW },
        { kind: 'kept', rule: 'wifi', source: other, kept: undefined, wakeAt: undefined },
        { kind: 'session-over', key: '2' },
        { kind: 'session', session: session('1', { address: v6, isLoggedIn: true }) },
        { kind: 'position', position: position('a', { position: 'cursor' }) },
        { kind: 'position', position: b },
        { kind: 'clock', at: NOW },
      ])
      at.reopen()
      const { hits: _, ...saved } = at.store.load(fromTheBeginning)
      assert.deepEqual(saved, {
        bans: [],
        kept: [
          { rule: 'wifi', source: v4, kept: null, wakeAt: NOW + 1 },
          { rule: 'wifi', source: v6, kept: undefined, wakeAt: NOW },
        ],
        sessions: [session('3'), session('1', { address: v6, isLoggedIn: true })],
        positions: [position('a', { position: 'cursor' }), b],
        lifted: [],
        clockAt: NOW,
      })
    })

    test('purges old evidence, and points that were spent stay spent', (t) => {
      const at = opened(t, open)
      at.store.commit([
        hit({ at: NOW - DAY_MS, points: 1 }),
        hit({ at: NOW, points: 2 }),
        { kind: 'spend', rule: 'hackers', source: v4 },
        hit({ at: NOW, points: 3 }),
      ])
      assert.equal(at.store.purge(NOW, 1000), false)
      assert.deepEqual(pointsOf(at.store), [3])
      assert.equal(at.store.purge(NOW + 1, 1000), false)
      at.reopen()
      at.store.commit([hit({ at: NOW, points: 4 })])
      assert.deepEqual(pointsOf(at.store), [4])
    })
  })
}

/** A store in a folder of its own, for one test. */
function opened(t: TestContext, open: Kind['open']) {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-store-'))
  const at = {
    store: open(folder),
    reopen() {
      at.store.close()
      at.store = open(folder)
    },
  }
  t.after(() => {
    at.store.close()
    rmSync(folder, { recursive: true })
  })
  return at
}

function pointsOf(store: Store, since: (rule: string) => number = fromTheBeginning): number[] {
  return Array.from(store.load(since).hits, ({ points }) => points)
}

function hit({ source = v4, ...more }: Partial<SavedHit>): Change {
  const hit: SavedHit = {
    ...{
      at: NOW,
      rule: 'hackers',
      source,
      address: source,
      points: 10,
      spoofable: false,
      account: undefined,
      distinct: undefined,
    },
    ...{ pattern: 'sshd/failed-password', log: '/var/log/authlog', position: 0, line: '' },
    ...more,
  }
  return { kind: 'hit', hit }
}

function ban({ network = '192.0.2.7', ...more }: Partial<Omit<SavedBan, 'network'>> & { network?: string }): SavedBan {
  const { at = NOW, rule = 'hackers', table = 'bad_ip' } = more
  const id = `${at} ${rule} ${table} ${network}`
  return { id, at, network: parseNetwork(network)!, table, rule, until: at + HOUR_MS, score: 100, reason: 'r', ...more }
}

function address(text: string): Address {
  return parseAddress(text)!
}
