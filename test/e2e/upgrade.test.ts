import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from '../../src/base/units.ts'
import { Database } from '../../src/store/database.ts'
import { migrate, steps } from '../../src/store/schema.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { dumpOf, schemaOf } from '../lib/database-dump.ts'
import { MovedClock } from '../lib/moved-clock.ts'
import { waitFor } from '../lib/wait-for.ts'

// What each version of the database looked like, with all that a daemon of that version had put into it: those of earlier
// versions are never written again. A new version gets its own by GOLDEN=write, from a daemon that lives the same life.
const fixtures = resolve(import.meta.dirname, '../fixtures/databases')
const dumpPath = (version: number) => join(fixtures, `version-${version}.sql`)
const versions = steps.map((_, index) => index + 1)

const START = Date.UTC(2026, 10, 1, 8)
/** When it is stopped, and the new version started. */
const UPGRADE = START + 3 * HOUR_MS

const failed = (address: string, count: number) =>
  Array.from({ length: count }, (_, n) => sshd(9_000 + n, `Failed password for root from ${address} port ${50_000 + n} ssh2`))
const sshd = (process: number, message: string) => `Nov  1 08:00:00 www sshd[${process}]: ${message}`

/** What happens before the upgrade: lines, orders, and the time that goes by. */
const life = [
  { lines: failed('203.0.113.8', 5) },
  { order: 'ban 203.0.113.5 --for life --table blockips' },
  { passMs: 2 * HOUR_MS + 50 * MINUTE_MS },
  {
    lines: [
      sshd(1, 'Accepted publickey for alice from 203.0.113.4 port 50022 ssh2'),
      ...failed('203.0.113.1', 4),
      ...failed('203.0.113.2', 5),
      ...failed('203.0.113.3', 5),
      sshd(2, 'Invalid user admin from 203.0.113.6 port 50022'),
      ...failed('2001:db8::1', 4),
      'guest 203.0.113.7',
    ],
  },
  { order: 'unban 203.0.113.3' },
  { order: 'ban 203.0.113.9 --for 30d' },
  { passMs: 10 * MINUTE_MS },
] as const

const linesBefore = life.flatMap((event) => ('lines' in event ? event.lines : []))

/** What comes after it, and is the same whatever version was there before. */
const linesAfter = [
  ...failed('203.0.113.1', 1),
  ...failed('203.0.113.4', 5),
  ...failed('203.0.113.8', 5),
  ...failed('203.0.113.3', 5),
  ...failed('2001:db8::2', 1),
]
const decisionsAfter = [
  'ban 203.0.113.1 bad_ip until 12:00 hackers 100',
  'ban 203.0.113.8 bad_ip until 17:00 hackers 100',
  'ban 203.0.113.3 bad_ip until 17:00 hackers 100',
  'ban 2001:db8::/64 bad_ip until 12:00 hackers 100',
  // An hour later: who was banned before the upgrade is let go, and the guest's time is over.
  'unban 203.0.113.2 bad_ip hackers',
  'ban 203.0.113.7 bad_ip until 12:50 guests 0',
]

const parameters = (folder: string) => `import { dryRun, Generic, Hackers, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'

class Guests extends Generic {
  tables = ['bad_ip']
  points() {
    return 0
  }
  onHit(kept, hit) {
    return kept === undefined ? { kept: 'free', wakeAt: hit.at + ${HOUR_MS} } : {}
  }
  onWake() {
    return { kept: undefined, decisions: [{ kind: 'ban', table: 'bad_ip', for: '1h' }] }
  }
}

export default parameters({
  stateFolder: '${folder}/state',
  control: '${folder}/run/control.sock',
  tables: { bad_ip: dryRun(), blockips: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip', ban: ['1h', '6h', '1d'] }), guests: new Guests() },
  logs: { '${folder}/auth.log': { hackers: [...sshd], guests: [{ name: 'guest', regex: /^guest (?<ip>\\S+)$/, weight: 1 }] } },
})
`

/** A daemon whose clock stands still unless it is moved. */
function scene(t: TestContext, at: number) {
  let clock: MovedClock
  const daemon = new DaemonProcess(t, { around: (argv) => clock.around(argv) })
  clock = new MovedClock(t, { path: daemon.path('clock'), at })
  const log = daemon.path('auth.log')
  writeFileSync(daemon.path('etc/parameters.ts'), parameters(daemon.folder))
  writeFileSync(log, '')
  let written = 0
  return {
    ...{ daemon, clock, log, database: daemon.path('state/state.db') },
    async write(lines: readonly string[]) {
      appendFileSync(log, lines.map((line) => `${line}\n`).join(''))
      written += lines.length
      await waitFor('the lines are read', 20_000, async () => {
        const { stdout } = await daemon.run('status --json')
        return JSON.parse(stdout).logs[0].lines === written
      })
    },
    async order(line: string) {
      const { status, stderr } = await daemon.run(line)
      assert.equal(status, 0, stderr)
    },
  }
}

/** Lives the life, and gives the database that it leaves. */
async function liveAndDump(t: TestContext): Promise<string> {
  const { daemon, clock, log, database, write, order } = scene(t, START)
  await daemon.start()
  for (const event of life) {
    if ('lines' in event) await write(event.lines)
    else if ('order' in event) await order(event.order)
    else clock.move(event.passMs)
  }
  assert.equal(await daemon.stop(), 0)
  const { dev, ino } = statSync(log)
  return dumpOf(database)
    .replaceAll(daemon.folder, 'FOLDER')
    .replaceAll(new RegExp(`"dev":${dev},"ino":${ino}`, 'g'), '"dev":DEV,"ino":INO')
}

/** Puts down what a version has left, and the log as it was then. */
function restore(version: number, { log, database, folder }: { log: string; database: string; folder: string }): void {
  writeFileSync(log, linesBefore.map((line) => `${line}\n`).join(''))
  const { dev, ino } = statSync(log)
  const sql = readFileSync(dumpPath(version), 'utf8')
    .replaceAll('FOLDER', folder)
    .replaceAll('"dev":DEV,"ino":INO', `"dev":${dev},"ino":${ino}`)
  const db = new Database(database)
  db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN; ${sql} COMMIT`)
  db.close()
}

test('each version of the database has its dump, and what was released is not changed', { timeout: 120_000 }, async (t) => {
  if (process.env.GOLDEN === 'write' && !existsSync(dumpPath(steps.length))) {
    mkdirSync(dirname(dumpPath(0)), { recursive: true })
    writeFileSync(dumpPath(steps.length), await liveAndDump(t))
  }
  assert.deepEqual(
    readdirSync(fixtures).sort(),
    versions.map((version) => `version-${version}.sql`),
    'a new version needs a dump: GOLDEN=write node --test test/e2e/upgrade.test.ts',
  )
  for (const version of versions) {
    const made = new Database(':memory:')
    migrate(made, 'made.db', steps.slice(0, version))
    const dumped = new Database(':memory:')
    dumped.exec(readFileSync(dumpPath(version), 'utf8'))
    assert.equal(schemaOf(made), schemaOf(dumped), `steps 1 to ${version}: add a step, and leave these as they were`)
  }
})

describe('what a daemon of an earlier version left', () => {
  for (const version of versions) {
    test(`with a database of version ${version} is kept, and the decisions go on`, async (t) => {
      const { daemon, clock, log, database, write } = scene(t, UPGRADE)
      restore(version, { log, database, folder: daemon.folder })
      await daemon.start()
      assert.deepEqual([...(await daemon.banned())].sort(), ['203.0.113.2', '203.0.113.5', '203.0.113.9'])
      await write(linesAfter)
      clock.move(55 * MINUTE_MS)
      await write(['nothing'])
      assert.deepEqual(
        daemon.decisions.map((one) => {
          const until = one.kind === 'ban' ? ` until ${one.until?.slice(11, 16)}` : ''
          const score = 'score' in one ? ` ${one.score}` : ''
          return `${one.kind} ${one.address} ${'table' in one ? one.table : ''}${until} ${one.rule}${score}`
        }),
        decisionsAfter,
      )
      const { stdout: why } = await daemon.run('why 203.0.113.1 --json')
      assert.equal(why.match(/Failed password for root/g)?.length, 5, 'evidence from before and after')
      assert.equal(await daemon.stop(), 0)
      assert.equal(readFileSync(daemon.path('etc/parameters.ts'), 'utf8'), parameters(daemon.folder))
      const db = new Database(database, { readOnly: true })
      assert.equal(db.prepare('PRAGMA user_version').get()!.user_version, steps.length)
      assert.equal(db.prepare('PRAGMA integrity_check').get()!.integrity_check, 'ok')
      const lifer = db.prepare("SELECT until, ended_at FROM bans WHERE network = '203.0.113.5'").get()
      assert.deepEqual({ ...lifer }, { until: null, ended_at: null })
      const byHand = db.prepare("SELECT until FROM bans WHERE network = '203.0.113.9'").get()!
      assert.equal(isoTime(Number(byHand.until)), isoTime(UPGRADE - 10 * MINUTE_MS + 30 * DAY_MS))
      db.close()
    })
  }

  test('with a database of a newer version is refused and not touched', async (t) => {
    const { daemon, log, database } = scene(t, UPGRADE)
    restore(steps.length, { log, database, folder: daemon.folder })
    const db = new Database(database)
    db.exec(`PRAGMA user_version = ${steps.length + 1}`)
    db.close()
    const before = readFileSync(database)
    const { status, stderr, stdout } = await daemon.startInVain()
    assert.equal(
      stderr.split('\n').at(-2),
      `log2table: FOLDER/state/state.db: was written by a newer log2table (version ${steps.length + 1}, this one reads up to ${steps.length}); ` +
        'install that one again, or move the file away to begin anew',
    )
    assert.deepEqual({ status, stdout }, { status: 69, stdout: '' })
    assert.ok(readFileSync(database).equals(before), 'the database is what it was')
    assert.deepEqual(
      readdirSync(daemon.path('state')).filter((name) => name.startsWith('state.db')),
      ['state.db'],
    )
  })
})
