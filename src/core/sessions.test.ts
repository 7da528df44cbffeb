import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress, parseAddress } from '../base/address.ts'
import { HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { Change, HitFact } from './model.ts'
import { SESSIONS_MAX, Sessions } from './sessions.ts'

const START = Date.UTC(2026, 10, 21, 10)

function hit(session: string | undefined, address: string | undefined, more: Partial<HitFact> = {}): HitFact {
  return {
    ...{ kind: 'hit', at: START, rule: 'hackers', log: '/var/log/auth log', position: 0, pattern: 'p', set: 'sshd', weight: 20 },
    ...{ once: false, distinct: undefined, spoofable: false, login: undefined, account: undefined, times: 1, line: '' },
    ...{ session, address: address === undefined ? undefined : parseAddress(address), parameters: {}, ...more },
  }
}

const opened = (session: string, address: string, port?: string) =>
  hit(session, address, { login: 'opened', parameters: port === undefined ? {} : { port } })
const closed = (session: string, address?: string, port?: string) =>
  hit(session, address, { login: 'closed', parameters: port === undefined ? {} : { port } })

function note(sessions: Sessions, fact: HitFact, afterMs = 0, points = 20): string {
  const { address, points: left } = sessions.note(fact, START + afterMs, points)
  return `${address === undefined ? 'nobody' : formatAddress(address)} ${left}`
}

/** What a store comes to hold, by key. */
function stored(changes: readonly Change[], before = new Map<string, unknown>()): Map<string, unknown> {
  for (const change of changes) {
    if (change.kind === 'session-over') before.delete(change.key)
    if (change.kind === 'session') before.set(change.session.key, change.session)
  }
  return before
}

function restarted(sessions: Sessions): Sessions {
  const again = new Sessions({ isSaved: true })
  again.restore(structuredClone(sessions.all()))
  return again
}

const loggedIn = (sessions: Sessions) => [...sessions.loggedIn.keys()].map(formatAddress)

describe('a session', () => {
  test('is one of its log and set: the same process id elsewhere is another', () => {
    const sessions = new Sessions({ isSaved: true })
    note(sessions, hit('7', '192.0.2.1'))
    assert.equal(note(sessions, hit('7', undefined)), '192.0.2.1 20')
    assert.equal(note(sessions, hit('7', undefined, { set: 'pam' })), 'nobody 20')
    assert.equal(note(sessions, hit('7', undefined, { log: '/var/log/messages' })), 'nobody 20')
    assert.equal(note(sessions, hit('7', undefined, { set: undefined })), 'nobody 20')
    assert.equal(sessions.size, 4)
  })

  test('costs each rule for itself, and goes on costing after a restart', () => {
    const once = { once: true }
    let sessions = new Sessions({ isSaved: true })
    assert.equal(note(sessions, hit('7', '192.0.2.1', once)), '192.0.2.1 20')
    sessions = restarted(sessions)
    assert.equal(note(sessions, hit('7', '192.0.2.1', once), 1, 25), '192.0.2.1 5')
    assert.equal(note(sessions, hit('7', '192.0.2.1', { ...once, rule: 'other' }), 2, 25), '192.0.2.1 25')
    sessions = restarted(sessions)
    assert.equal(note(sessions, hit('7', '192.0.2.1', { ...once, rule: 'other' }), 3, 25), '192.0.2.1 0')
    assert.equal(sessions.size, 1)
  })

  test('is over after an hour of silence, heard of or not since it was taken up again', () => {
    let sessions = new Sessions({ isSaved: true })
    note(sessions, hit('7', '192.0.2.1'))
    note(sessions, hit('8', '192.0.2.2'))
    sessions = restarted(sessions)
    note(sessions, hit('8', undefined), 30 * MINUTE_MS)
    assert.equal(note(sessions, hit('7', undefined), HOUR_MS), 'nobody 20')
    assert.equal(note(sessions, hit('8', undefined), HOUR_MS), '192.0.2.2 20')
  })
})

describe('whoever is logged in', () => {
  test('stays so until the line that names its address and port, whatever process writes it', () => {
    for (const between of [(sessions: Sessions) => sessions, restarted]) {
      let sessions = new Sessions({ isSaved: true })
      note(sessions, opened('7', '192.0.2.1', '50022'))
      note(sessions, opened('8', '192.0.2.2', '50022'))
      note(sessions, opened('9', '192.0.2.3'))
      sessions = between(sessions)
      note(sessions, { ...closed('70', '192.0.2.1', '50022'), set: 'other' })
      note(sessions, closed('70', '192.0.2.1', '50023'))
      note(sessions, closed('70', '192.0.2.3', ''))
      assert.deepEqual(loggedIn(sessions), ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
      note(sessions, closed('70', '192.0.2.1', '50022'))
      assert.deepEqual(loggedIn(sessions), ['192.0.2.2', '192.0.2.3'])
      assert.equal(sessions.loggedIn.has(parseAddress('192.0.2.1')!), false)
      assert.equal(sessions.loggedIn.has(parseAddress('192.0.2.2')!), true)
    }
  })

  test('is among the last to be forgotten when there are too many sessions', () => {
    const sessions = new Sessions({ isSaved: false })
    note(sessions, opened('friend', '192.0.2.1'))
    note(sessions, hit('talker', '192.0.2.2'))
    for (let n = 2; n < SESSIONS_MAX; n++) note(sessions, hit(String(n), '192.0.2.3'), 1)
    note(sessions, hit('talker', undefined), 2)
    note(sessions, hit('one too many', '192.0.2.4'), 3)
    assert.equal(sessions.size, SESSIONS_MAX)
    assert.deepEqual(loggedIn(sessions), ['192.0.2.1'])
    assert.equal(note(sessions, closed('talker')), '192.0.2.2 20')
    assert.equal(note(sessions, closed('2')), 'nobody 20')
    assert.equal(note(sessions, closed('3')), '192.0.2.3 20')
  })
})

describe('who has come or gone', () => {
  const changed = (sessions: Sessions) => [...sessions.takeChangedLogins()].map(formatAddress)

  test('is told once, by source, also where nothing has changed in the end', () => {
    const sessions = new Sessions({ isSaved: true })
    note(sessions, opened('7', '192.0.2.1'))
    note(sessions, opened('8', '192.0.2.2'))
    note(sessions, opened('9', '192.0.2.1'))
    assert.deepEqual(changed(sessions), ['192.0.2.1', '192.0.2.2'])
    note(sessions, closed('9'))
    assert.deepEqual(changed(sessions), [])
    note(sessions, closed('7'))
    note(sessions, opened('10', '192.0.2.3'))
    note(sessions, closed('10'))
    assert.deepEqual(changed(sessions), ['192.0.2.1', '192.0.2.3'])
    assert.deepEqual(loggedIn(sessions), ['192.0.2.2'])
  })

  test('is everybody after a restart', () => {
    const sessions = new Sessions({ isSaved: true })
    note(sessions, opened('7', '192.0.2.1'))
    note(sessions, hit('8', '192.0.2.2'))
    assert.deepEqual(changed(restarted(sessions)), ['192.0.2.1'])
  })

  test('is nobody where nobody asks', () => {
    const sessions = new Sessions({ isSaved: false })
    note(sessions, opened('7', '192.0.2.1'))
    assert.deepEqual(loggedIn(sessions), ['192.0.2.1'])
    assert.deepEqual(changed(sessions), [])
  })
})

describe('what is to be saved', () => {
  test('is each session that changed, as it is now, and each that is over', () => {
    let sessions = new Sessions({ isSaved: true })
    note(sessions, hit('7', '192.0.2.1'))
    note(sessions, hit('7', '192.0.2.1'), 1)
    note(sessions, opened('8', '192.0.2.2'), 2)
    const table = stored(sessions.take())
    assert.deepEqual([...table.values()], sessions.all())
    assert.deepEqual([...table.keys()], ['/var/log/auth log sshd 7', '/var/log/auth log sshd 8'])
    assert.deepEqual(sessions.take(), [])

    sessions = restarted(sessions)
    note(sessions, closed('8'), 3)
    note(sessions, hit('7', '192.0.2.9'), 4) // the process id was given again
    stored(sessions.take(), table)
    assert.deepEqual([...table.values()], sessions.all())
    assert.deepEqual(
      sessions.all().map(({ key, address }) => [key, formatAddress(address!)]),
      [['/var/log/auth log sshd 7', '192.0.2.9']],
    )
  })

  test('is nothing where nobody saves it', () => {
    const sessions = new Sessions({ isSaved: false })
    note(sessions, hit('7', '192.0.2.1'))
    note(sessions, closed('7'))
    assert.deepEqual(sessions.take(), [])
  })
})
