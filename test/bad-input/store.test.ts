import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { Database } from '../../src/store/database.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { createEnclosure, ENCLOSURE_PROGRAMS, type Enclosure } from '../lib/enclosure.ts'
import { needs } from '../lib/programs.ts'

const GOES_ON = 'bans go on, and what is to be stored waits in memory'
const PAGE_BYTES = 4096
const LOCK_MS_MAX = 60_000

const host = (n: number) => `203.0.113.${n}`
const isStoreTrouble = (text: string) => text.startsWith('the store ')
const errorsOf = ({ said }: DaemonProcess) => said.filter((text) => text.startsWith('error: '))

/** Gets one address after the other banned. */
async function ban(daemon: DaemonProcess, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    daemon.misbehave(address)
    await daemon.bans(address)
  }
}

/** After a crash right now, all of it is still known, and nothing is counted again. */
async function survives(daemon: DaemonProcess, banned: readonly string[]): Promise<void> {
  await daemon.kill()
  await daemon.start()
  assert.deepEqual((await daemon.banned()).toSorted(), banned.toSorted())
  await ban(daemon, [host(254)])
  assert.deepEqual(
    daemon.decisions.map(({ address }) => address),
    [host(254)],
  )
}

/** Writes until there is no room for another byte. */
function fill(path: string): void {
  const fd = openSync(path, 'w')
  try {
    for (let bytes = PAGE_BYTES; bytes >= 1; bytes = Math.floor(bytes / 2)) {
      for (;;) {
        try {
          writeSync(fd, Buffer.alloc(bytes))
        } catch {
          break
        }
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** Keeps the database locked, like another program, from the moment the daemon has written what it is writing. */
function lock(t: TestContext, daemon: DaemonProcess): Database {
  const other = new Database(daemon.path('state/state.db'), { timeout: LOCK_MS_MAX })
  t.after(() => other.close())
  other.exec('BEGIN EXCLUSIVE')
  return other
}

/** Every page but the first becomes garbage, as by a failing disk; whoever has the database open will have to read it again. */
function damage(path: string): void {
  const db = new Database(path, { timeout: LOCK_MS_MAX })
  db.exec('CREATE TABLE other (a); DROP TABLE other; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  const fd = openSync(path, 'r+')
  const { size } = statSync(path)
  for (let offset = PAGE_BYTES; offset < size; offset += PAGE_BYTES)
    writeSync(fd, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, offset)
  closeSync(fd)
}

describe('a disk that gets full', { skip: needs(ENCLOSURE_PROGRAMS) }, () => {
  test('stops no ban, is told once, and all is stored when there is room again', async (t) => {
    let enclosure: Enclosure | undefined
    const daemon = new DaemonProcess(t, { around: (argv) => enclosure!.inside(argv) })
    enclosure = await createEnclosure(t, [['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', daemon.path('state')]])
    await daemon.start()
    await ban(daemon, [host(1)])

    const ballast = enclosure.pathOf(daemon.path('state/ballast'))
    fill(ballast)
    const banned = [host(1)]
    for (let n = 2; errorsOf(daemon).length === 0; n++) {
      banned.push(host(n))
      await ban(daemon, banned.slice(-1))
    }
    const later = [101, 102, 103, 104, 105].map(host)
    await ban(daemon, later)
    banned.push(...later)
    const full = 'FOLDER/state/state.db: the disk is full; make room on it'
    assert.deepEqual(errorsOf(daemon), [`error: ${full}; ${GOES_ON}`])
    const { status, troubles } = await daemon.troubles()
    assert.equal(status, 1)
    assert.match(troubles.find(isStoreTrouble)!, /^the store FOLDER\/state\/state\.db is failing: \d+ changes wait: /)
    assert.ok(troubles.find(isStoreTrouble)!.endsWith(full))
    assert.deepEqual(await daemon.banned(), banned)

    rmSync(ballast)
    await daemon.says(/^the database is written again, nothing was lost after=\S+ droppedEvidence=0$/)
    assert.equal((await daemon.troubles()).troubles.find(isStoreTrouble), undefined)
    await survives(daemon, banned)
  })

  test('before the start stops neither the start nor bans, the first time and later', async (t) => {
    let enclosure: Enclosure | undefined
    const daemon = new DaemonProcess(t, { around: (argv) => enclosure!.inside(argv) })
    enclosure = await createEnclosure(t, [['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', daemon.path('state')]])
    const ballast = enclosure.pathOf(daemon.path('state/ballast'))
    const banned: string[] = []
    for (const n of [1, 2]) {
      fill(ballast)
      await daemon.start()
      assert.deepEqual(await daemon.banned(), banned)
      banned.push(host(n))
      await ban(daemon, banned.slice(-1))
      assert.deepEqual(errorsOf(daemon), [`error: FOLDER/state/state.db: the disk is full; make room on it; ${GOES_ON}`])
      rmSync(ballast)
      await daemon.says(/^the database is written again, nothing was lost/)
      await daemon.kill()
    }
    await daemon.start()
    await survives(daemon, banned)
  })
})

describe('a database that another program keeps locked', () => {
  const busy = 'FOLDER/state/state.db: another program is writing to it; end that program, or let it finish'

  test('stops no ban, is told once, and all is stored when it is let go', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    await ban(daemon, [host(1)])
    const other = lock(t, daemon)
    await ban(daemon, [2, 3, 4].map(host))
    assert.deepEqual(errorsOf(daemon), [`error: ${busy}; ${GOES_ON}`])
    const { troubles } = await daemon.troubles()
    assert.ok(troubles.find(isStoreTrouble)!.endsWith(busy))
    assert.deepEqual(await daemon.run(`unban ${host(2)}`), {
      status: 0,
      stdout: `unbanned ${host(2)} in bad_ip (hackers)\n`,
      stderr: '',
    })
    other.exec('ROLLBACK')
    await daemon.says(/^the database is written again, nothing was lost/)
    await survives(daemon, [1, 3, 4].map(host))
  })

  test('from before the start stops neither the start nor bans', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    await ban(daemon, [host(1)])
    assert.equal(await daemon.stop(), 0)
    const other = lock(t, daemon)
    await daemon.start()
    await ban(daemon, [host(2)])
    assert.deepEqual(errorsOf(daemon), [`error: ${busy}; ${GOES_ON}`])
    assert.deepEqual(await daemon.banned(), [host(1), host(2)])
    other.exec('ROLLBACK')
    await daemon.says(/^the database is written again, nothing was lost/)
    await survives(daemon, [host(1), host(2)])
  })

  test('a reload waits for another time, and the old configuration goes on', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    const other = lock(t, daemon)
    await ban(daemon, [host(1)])
    assert.deepEqual(await daemon.run('reload'), {
      status: 69,
      stdout: '',
      stderr: `log2table: the database cannot be written now; reload when it can: ${busy}\n`,
    })
    await ban(daemon, [host(2)])
    other.exec('ROLLBACK')
    await daemon.says(/^the database is written again, nothing was lost/)
    assert.equal((await daemon.run('reload')).status, 0)
    assert.deepEqual(await daemon.banned(), [host(1), host(2)])
  })
})

describe('a damaged database', () => {
  test('while running is kept aside, once, and a new one is begun with all that is in force', async (t) => {
    const daemon = new DaemonProcess(t)
    const path = daemon.path('state/state.db')
    await daemon.start()
    await ban(daemon, [1, 2].map(host))
    damage(path)
    const { ino } = statSync(path)
    await ban(daemon, [host(3)])
    await daemon.says(/^the database is written again/)
    assert.equal(errorsOf(daemon).length, 1)
    assert.match(
      errorsOf(daemon)[0]!,
      /^error: FOLDER\/state\/state\.db: it is damaged \([^)]+\); it is to be kept aside, and a new one begun; bans go on/,
    )
    assert.ok(daemon.said.includes('warning: the damaged database is kept as FOLDER/state/state.db.corrupt'))
    assert.equal(statSync(`${path}.corrupt`).ino, ino)
    await survives(daemon, [1, 2, 3].map(host))

    damage(path)
    await ban(daemon, [host(4)])
    await daemon.says(/^the database is written again/)
    const names = readdirSync(daemon.path('state')).filter((name) => name.includes('corrupt') && !name.endsWith('-wal'))
    assert.deepEqual(names, ['state.db.corrupt'])
    assert.equal(await daemon.stop(), 0)
  })

  test('at the start is kept aside, and the daemon runs', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    await ban(daemon, [host(1)])
    assert.equal(await daemon.stop(), 0)
    const garbage = Buffer.alloc(2 * PAGE_BYTES, 0xa5)
    writeFileSync(daemon.path('state/state.db'), garbage)
    await daemon.start()
    assert.deepEqual(daemon.said, [
      'error: FOLDER/state/state.db: it is damaged (file is not a database); it is to be kept aside, and a new one begun',
      'warning: the damaged database is kept as FOLDER/state/state.db.corrupt',
    ])
    assert.deepEqual(readFileSync(daemon.path('state/state.db.corrupt')), garbage)
    // With the position lost, the log is read again.
    await daemon.bans(host(1))
    assert.equal(await daemon.stop(), 0)
    await daemon.start()
    assert.deepEqual(daemon.said, [])
    assert.deepEqual(await daemon.banned(), [host(1)])
  })
})
