import assert from 'node:assert/strict'
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { Json } from '../base/units.ts'
import { LINGER_MS } from './file.ts'
import { GlobLogs, type GlobOptions } from './glob.ts'
import type { Block, FileIdentity, Source } from './source.ts'

let folder: string
const open: GlobLogs[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-glob-'))
})
afterEach(() => {
  for (const logs of open.splice(0)) logs.close()
  rmSync(folder, { recursive: true })
})

const write = (name: string, ...lines: string[]) => appendFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(''))

/** Follows a glob as the daemon does; `read()` gives the lines that came, as `file: line`. */
function follow(
  pattern: string,
  options: GlobOptions = {},
  positions = new Map<string, Json>(),
  isFollowed = (_: FileIdentity) => false,
) {
  const state = {
    now: Date.now(),
    said: [] as string[],
    closed: [] as string[],
    live: [] as boolean[],
    ready: () => {},
  }
  const logs = new GlobLogs(
    join(folder, pattern),
    {
      positionOf: (log) => positions.get(log),
      isFollowed,
      onOpened: () => {},
      onReady: () => state.ready(),
      onClosed: (source) => state.closed.push(basename(source.log)),
      say: (_level, message) => state.said.push(message),
      now: () => state.now,
    },
    { pollMs: 0, expandMs: 0, ...options },
  )
  open.push(logs)
  const take = (source: Source, block: Block) => {
    positions.set(source.log, block.position)
    const lines = Buffer.from(block.bytes).toString().split('\n').slice(0, -1)
    if (lines.length > 0) state.live.push(!block.catchingUp)
    return lines.map((line) => `${basename(source.log)}: ${line}`)
  }
  const read = () => {
    const lines = []
    for (const source of logs.sources)
      for (let block = source.read(); block; block = source.read()) lines.push(...take(source, block))
    return lines
  }
  return { logs, state, positions, read }
}

test('a file that another key of logs follows is left to it, and that is said once', () => {
  write('a.log', 'one')
  write('b.log', 'two')
  const { ino } = statSync(join(folder, 'a.log'))
  const { logs, read, state } = follow('*.log', {}, new Map(), (file) => file.ino === ino)
  logs.expand()
  assert.deepEqual(read(), ['b.log: two'])
  assert.deepEqual(state.said, [
    `${join(folder, 'a.log')} is followed for another key of logs already, and not for "${join(folder, '*.log')}"`,
  ])
})

test('all files that match are followed, and new ones from their start while we run, by arrival', () => {
  write('a.log', 'old')
  write('a.txt', 'no log')
  const { logs, read, state } = follow('*.log', { startAt: 'end' })
  assert.deepEqual(read(), [])
  write('b.log', 'first')
  logs.expand()
  write('a.log', 'new')
  assert.deepEqual(read(), ['a.log: new', 'b.log: first'])
  assert.deepEqual(state.live, [true, true])
})

test('new files are looked for while we run, without anybody asking', async () => {
  const { state, read } = follow('*.log', { expandMs: 10 })
  const ready = new Promise<void>((resolve) => {
    state.ready = resolve
  })
  write('a.log', '1')
  await ready
  assert.deepEqual(read(), ['a.log: 1'])
})

test('folders may be matched too', () => {
  mkdirSync(join(folder, 'www1'))
  mkdirSync(join(folder, 'www2'))
  write('www1/access.log', '1')
  const { logs, read } = follow('www[0-9]/*access.log')
  write('www2/ssl-access.log', '2')
  logs.expand()
  assert.deepEqual(read(), ['access.log: 1', 'ssl-access.log: 2'])
})

test('a file with several names is followed once, under the one that is no link', () => {
  write('b.log', '1')
  symlinkSync(join(folder, 'b.log'), join(folder, 'a.log'))
  linkSync(join(folder, 'b.log'), join(folder, 'c.log'))
  const { logs, read } = follow('*.log')
  logs.expand()
  assert.deepEqual(read(), ['b.log: 1'])
})

test('a rotated file is not a log of its own, neither at the start nor when it is rotated while we run', () => {
  write('access.log', '2')
  write('access.log.1', '1')
  write('access-20240131.log', '0')
  for (const name of ['access.log.1', 'access-20240131.log']) utimesSync(join(folder, name), 1_000, 1_000)
  const { logs, read } = follow('access*')
  assert.deepEqual(read(), ['access.log: 2'])
  renameSync(join(folder, 'access.log'), join(folder, 'access-20240201.log'))
  write('access.log', '3')
  logs.expand()
  assert.deepEqual(read(), ['access.log: 3'])
})

test('a file that is renamed to another matching name is not read again', () => {
  write('today.log', '1')
  const { logs, read, state } = follow('*.log')
  assert.deepEqual(read(), ['today.log: 1'])
  renameSync(join(folder, 'today.log'), join(folder, 'yesterday.log'))
  write('today.log', '2')
  for (let i = 0; i < 3; i++) {
    logs.expand()
    state.now += LINGER_MS
    assert.deepEqual(read(), i === 0 ? ['today.log: 2'] : [])
  }
})

test('a file that has been gone for a minute is let go, and what comes under its name is new', () => {
  write('a.log', '1')
  const { logs, read, state } = follow('*.log')
  read()
  unlinkSync(join(folder, 'a.log'))
  read()
  logs.expand()
  assert.deepEqual(state.closed, [])
  state.now += LINGER_MS
  logs.expand()
  assert.deepEqual(state.closed, ['a.log'])
  assert.equal(logs.waitingFor, 'no file matches')
  write('a.log', '2')
  logs.expand()
  assert.deepEqual(read(), ['a.log: 2'])
  assert.deepEqual(state.said, [])
})

test('every file goes on at its own position after a restart', () => {
  write('a.log', '1')
  write('b.log', '1')
  const before = follow('*.log')
  before.read()
  before.logs.close()
  write('a.log', '2')
  const after = follow('*.log', {}, before.positions)
  assert.deepEqual(after.read(), ['a.log: 2'])
})

test('folders and other things that match are left alone', () => {
  mkdirSync(join(folder, 'a.log'))
  writeFileSync(join(folder, '.hidden.log'), '1\n')
  assert.deepEqual(follow('*.log').logs.sources, [])
})
