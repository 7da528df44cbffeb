import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logTo } from '../base/log.ts'
import type { Change } from '../core/model.ts'
import { Committer, type CommitterOptions } from './committer.ts'
import { hit, position } from './fixtures/changes.ts'
import { memoryStore } from './memory.ts'
import { type Store, StoreError } from './store.ts'

const NOW = 1_000_000
const full = new StoreError('full', '/var/db/state.db: the disk is full; make room on it')
const corrupt = new StoreError('corrupt', '/var/db/state.db: it is damaged')

/** A store that records what is committed, and fails for as long as it is told. */
function recorder() {
  const commits: (readonly Change[])[] = []
  const recorder = {
    commits,
    fault: undefined as StoreError | undefined,
    isClosed: false,
    opened: 0,
    store: undefined as unknown as Store,
  }
  const orFail = () => {
    if (recorder.fault) throw recorder.fault
  }
  recorder.store = {
    ...memoryStore(),
    commit(changes) {
      if (changes.length === 0) return
      orFail()
      commits.push(changes)
    },
    offender() {
      orFail()
      return { bans: [], listings: [], lastLoginAt: 1 }
    },
    purge() {
      orFail()
      return true
    },
    close() {
      recorder.isClosed = true
    },
  }
  return recorder
}

function committing(more: Partial<CommitterOptions> = {}) {
  const disk = recorder()
  const lines: string[] = []
  const log = logTo((line) => lines.push(line))
  const beginAnew = () => assert.fail('no need for a new database')
  const open = () => {
    disk.opened++
    return disk.store
  }
  return { disk, lines, committer: new Committer({ store: disk.store, open, log, beginAnew, ...more }) }
}

test('commits all that was pushed in one transaction, and nothing when there is nothing', () => {
  const { disk, committer } = committing()
  assert.ok(committer.flush(NOW))
  committer.push([hit(1), hit(2)])
  committer.push([hit(3)])
  assert.ok(committer.flush(NOW))
  assert.ok(committer.flush(NOW))
  assert.deepEqual(disk.commits, [[hit(1), hit(2), hit(3)]])
})

test('of what overwrites itself only the last is committed, in the order of the last changes', () => {
  const { disk, committer } = committing()
  const session = (key: string, seenAt: number): Change => ({
    kind: 'session',
    session: { key, seenAt, address: undefined, port: undefined, costs: {}, isLoggedIn: false },
  })
  const over: Change = { kind: 'session-over', key: 'c' }
  const kept = (rule: string, kept: number): Change => ({ kind: 'kept', rule, source: 7, kept, wakeAt: undefined })
  committer.push([position(1), hit(1), session('a', 1), session('b', 1), session('c', 1), kept('x', 1), { kind: 'clock', at: 1 }])
  committer.push([position(2), hit(2), session('a', 2), over, kept('x', 2), kept('y', 1), { kind: 'clock', at: 2 }])
  assert.equal(committer.pendingCount, 9)
  committer.flush(NOW)
  assert.deepEqual(disk.commits, [
    [hit(1), hit(2), session('b', 1), position(2), session('a', 2), over, kept('x', 2), kept('y', 1), { kind: 'clock', at: 2 }],
  ])
})

test('while the disk is full everything waits and nothing is lost; one line says when it begins, one when it ends', () => {
  const { disk, lines, committer } = committing()
  disk.fault = full
  for (let second = 0; second < 60; second++) {
    committer.push([hit(second), position(second)])
    assert.equal(committer.flush(NOW + second * 1_000), false)
  }
  assert.equal(committer.trouble, full)
  disk.fault = undefined
  assert.ok(committer.flush(NOW + 60_000))
  assert.equal(committer.trouble, undefined)
  assert.deepEqual(disk.commits, [[...Array.from({ length: 60 }, (_, second) => hit(second)), position(59)]])
  assert.deepEqual(lines, [
    'error: /var/db/state.db: the disk is full; make room on it; bans go on, and what is to be stored waits in memory',
    'the database is written again, nothing was lost after=1m droppedEvidence=0',
  ])
})

test('after a failure a second passes before the next try, also where the clock is set back', () => {
  const { disk, committer } = committing()
  disk.fault = full
  committer.push([hit(1)])
  assert.equal(committer.flush(NOW), false)
  disk.fault = undefined
  assert.equal(committer.flush(NOW + 999), false)
  assert.equal(committer.offender(7, NOW + 999), undefined)
  assert.ok(committer.flush(NOW - 3_600_000))
})

test('at the limit evidence without points is let go and counted, reading is to stop, and all else is still held', () => {
  const { disk, committer } = committing({ pendingMax: 10 })
  disk.fault = full
  const evidence = (n: number) => hit(n, { points: 0 })
  committer.push([evidence(1), hit(2), hit(3), hit(4), hit(5)])
  committer.push([evidence(6), evidence(7), hit(8), hit(9), hit(10), hit(11), hit(12), evidence(13), hit(14), hit(15)])
  assert.ok(committer.isFull)
  committer.push([evidence(16), hit(17)])
  assert.equal(committer.droppedEvidence, 5)
  disk.fault = undefined
  assert.ok(committer.flush(NOW))
  assert.equal(committer.isFull, false)
  const numbers = [2, 3, 4, 5, 8, 9, 10, 11, 12, 14, 15, 17]
  assert.deepEqual(disk.commits, [numbers.map((n) => hit(n))])
})

/** When damage that shows again is believed: the store has been opened anew by then. */
const SURE = NOW + 5_000

test('a database that is found damaged, and still is when it is opened anew, is replaced by one that gets the present and what waits', () => {
  const next = recorder()
  const present: Change[] = [position(1), { kind: 'clock', at: 1 }]
  const { disk, lines, committer } = committing({ beginAnew: () => ({ store: next.store, present }) })
  disk.fault = corrupt
  committer.push([hit(1), position(2)])
  assert.equal(committer.flush(NOW), false)
  assert.equal(committer.flush(NOW + 4_999), false)
  assert.equal(disk.opened, 0)
  assert.ok(committer.flush(SURE + 1_000))
  assert.equal(disk.opened, 1)
  assert.ok(disk.isClosed)
  assert.deepEqual(next.commits, [[hit(1), { kind: 'clock', at: 1 }, position(2)]])
  committer.push([hit(2)])
  assert.ok(committer.flush(SURE + 2_000))
  assert.deepEqual(next.commits[1], [hit(2)])
  assert.equal(lines.length, 2)
})

test('what only looked like damage passes, and nothing is replaced', () => {
  const { disk, lines, committer } = committing()
  disk.fault = corrupt
  committer.push([hit(1)])
  assert.equal(committer.flush(NOW), false)
  disk.fault = undefined
  assert.ok(committer.flush(NOW + 1_000))
  assert.deepEqual(disk.commits, [[hit(1)]])
  assert.equal(lines.length, 2)
})

test('trouble that lasts is met with the store opened anew, also where it cannot be opened at once', () => {
  let tries = 0
  const stuck = recorder()
  const fresh = recorder()
  const open = () => {
    if (++tries < 3) throw full
    return fresh.store
  }
  const { committer } = committing({ store: stuck.store, open })
  stuck.fault = new StoreError('busy', '/var/db/state.db: another program is writing to it')
  committer.push([hit(1)])
  for (const second of [0, 1, 2, 3, 4, 5, 6]) assert.equal(committer.flush(NOW + second * 1_000), false)
  assert.ok(stuck.isClosed)
  assert.equal(committer.offender(7, NOW + 6_500), undefined)
  assert.ok(committer.flush(NOW + 7_000))
  assert.deepEqual(fresh.commits, [[hit(1)]])
})

test('a new database that cannot be begun is tried again, and the damage is not forgotten', () => {
  const next = recorder()
  let tries = 0
  const beginAnew = () => {
    if (++tries < 3) throw full
    return { store: next.store, present: [] }
  }
  const { disk, committer } = committing({ beginAnew })
  disk.fault = corrupt
  committer.push([hit(1)])
  assert.equal(committer.flush(NOW), false)
  assert.equal(committer.flush(SURE), false)
  assert.equal(committer.offender(7, SURE + 1_000), undefined)
  assert.equal(committer.flush(SURE + 2_000), false)
  assert.ok(committer.flush(SURE + 3_000))
  assert.deepEqual(next.commits, [[hit(1)]])
})

test('a new database that gets full before it has the present gets it later', () => {
  const next = recorder()
  next.fault = full
  let begun = 0
  const beginAnew = () => {
    begun++
    return { store: next.store, present: [position(1)] }
  }
  const { disk, committer } = committing({ beginAnew, open: () => (begun > 0 ? next.store : disk.store) })
  disk.fault = corrupt
  committer.push([hit(1)])
  assert.equal(committer.flush(NOW), false)
  assert.equal(committer.flush(SURE), false)
  assert.equal(begun, 1)
  next.fault = undefined
  assert.ok(committer.flush(SURE + 1_000))
  assert.deepEqual(next.commits, [[hit(1), position(1)]])
})

test('damage found by a look-up or a purge is looked for again, and mended though nothing waits', () => {
  for (const find of [(one: Committer) => one.offender(7, NOW), (one: Committer) => one.purge(0, 1, NOW)]) {
    const next = recorder()
    const { disk, committer } = committing({ beginAnew: () => ({ store: next.store, present: [position(1)] }) })
    disk.fault = corrupt
    assert.ok(!find(committer))
    assert.equal(committer.flush(NOW + 1_000), false)
    assert.ok(committer.flush(SURE))
    assert.deepEqual(next.commits, [[position(1)]])
    assert.equal(committer.offender(7, SURE)?.lastLoginAt, 1)
  }
})

test('a fault of ours is not taken for one of the disk', () => {
  const { disk, committer } = committing()
  disk.store.commit = () => assert.fail('a broken constraint')
  committer.push([hit(1)])
  assert.throws(() => committer.flush(NOW), /a broken constraint/)
})

test('closing tries a last time, whenever the last try was, and closes the store', () => {
  const { disk, committer } = committing()
  disk.fault = full
  committer.push([hit(1)])
  assert.equal(committer.flush(NOW), false)
  disk.fault = undefined
  assert.ok(committer.close(NOW))
  assert.equal(disk.commits.length, 1)
  assert.ok(disk.isClosed)
})
