import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { temporaryPath } from './fixtures/changes.ts'
import { lockState } from './lock.ts'
import { openSqlite } from './sqlite.ts'
import { StoreError } from './store.ts'

const isTaken = (error: unknown) => error instanceof StoreError && /another log2table is running/.test(error.message)

test('a second daemon of the same folder is refused, and may start when the first has ended', (t) => {
  const folder = dirname(temporaryPath(t))
  const lock = lockState(folder)
  assert.throws(() => lockState(folder), isTaken)
  lock.release()
  lockState(folder).release()
})

test('a lock is held until it is released, also where nothing refers to it any more', async (t) => {
  const folder = dirname(temporaryPath(t))
  lockState(folder)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 3; turn++) {
    collect()
    await setImmediate()
  }
  assert.throws(() => lockState(folder), isTaken)
})

test('the lock of another process keeps us out, ends with its kill -9, and leaves the database open to readers', async (t) => {
  const path = temporaryPath(t)
  const folder = dirname(path)
  const holder = `import { lockState } from ${JSON.stringify(import.meta.resolve('./lock.ts'))}
    lockState(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', holder])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => lockState(folder), isTaken)
  openSqlite(path).close()
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockState(folder).release()
  assert.equal(statSync(join(folder, 'log2table.lock')).size, 0)
})

test('a folder that cannot be made is said with what to do', () => {
  assert.throws(() => lockState('/dev/null/x'), /\/dev\/null\/x\/log2table\.lock: .*must belong to the user/)
})
