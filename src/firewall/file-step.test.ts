import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { runFileStep } from './file-step.ts'
import type { FileStep } from './firewall.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-files-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = path.join(folder, 'banned')
beforeEach(() => rmSync(file, { force: true }))

const step = (verb: FileStep['verb'], ...lines: string[]) => runFileStep(file, { file: 'banned', verb, lines })
const text = () => readFileSync(file, 'utf8')

test('a file that is not there is made by an add, and by nothing else', async () => {
  assert.deepEqual(await step('look'), { status: 0, stdout: '', stderr: '' })
  assert.equal((await step('read')).status, 1)
  assert.equal((await step('test', 'a')).status, 1)
  assert.equal((await step('delete', 'a')).status, 0)
  assert.equal(existsSync(file), false)
  assert.equal((await step('add')).status, 0)
  assert.equal(text(), '')
  assert.equal((await step('look')).stdout, file)
})

test('lines are added once, and deleted; those of others stay where they are, the last without its newline too', async () => {
  writeFileSync(file, '# by hand\n192.0.2.9\n\nend')
  await step('add', '192.0.2.1', '192.0.2.9', '192.0.2.2')
  assert.equal(text(), '# by hand\n192.0.2.9\n\nend\n192.0.2.1\n192.0.2.2\n')
  assert.equal((await step('test', '192.0.2.1', '192.0.2.2')).status, 0)
  assert.match((await step('test', '192.0.2.1', '192.0.2.3')).stderr, /has no line "192\.0\.2\.3"/)
  await step('delete', '192.0.2.1', '192.0.2.77')
  assert.equal((await step('read')).stdout, '# by hand\n192.0.2.9\n\nend\n192.0.2.2\n')
})

test('where nothing changes nothing is written', async () => {
  await step('add', '192.0.2.1')
  const { ino } = statSync(file)
  await step('add', '192.0.2.1')
  await step('delete', '192.0.2.2')
  assert.equal(statSync(file).ino, ino)
  await step('add', '192.0.2.2')
  assert.notEqual(statSync(file).ino, ino)
})

test('whoever reads it meanwhile finds the one before or the one after, never a part', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  await step('add', ...lines)
  const sizes = new Set<number>()
  const writing = (async () => {
    for (let i = 0; i < 20; i++) await step(i % 2 ? 'add' : 'delete', ...lines.slice(10_000))
  })()
  let isWriting = true
  void writing.then(() => (isWriting = false))
  while (isWriting) {
    sizes.add(text().split('\n').length - 1)
    await new Promise(setImmediate)
  }
  assert.deepEqual(
    [...sizes].filter((size) => size !== 10_000 && size !== 20_000),
    [],
  )
})

test('mode and links stay what they were, and what lies in the way is not written to', async () => {
  const target = path.join(folder, 'target')
  const victim = path.join(folder, 'victim')
  writeFileSync(target, '')
  writeFileSync(victim, 'precious')
  chmodSync(target, 0o640)
  symlinkSync(target, file)
  symlinkSync(victim, `${target}.new`)
  assert.equal((await step('add', '192.0.2.1')).status, 0)
  assert.equal(readFileSync(target, 'utf8'), '192.0.2.1\n')
  assert.equal(statSync(target).mode & 0o777, 0o640)
  assert.equal(readFileSync(victim, 'utf8'), 'precious')
})

test('what cannot be written is said, with the path', async () => {
  mkdirSync(file)
  const result = await step('add', '192.0.2.1')
  assert.equal(result.status, null)
  assert.match(result.trouble!, /banned: EISDIR/)
  rmSync(file, { recursive: true })
  const lost = await runFileStep(path.join(folder, 'no-such-folder', 'x'), { file: 'x', verb: 'add', lines: ['a'] })
  assert.match(lost.trouble!, /no-such-folder\/x: ENOENT/)
})
