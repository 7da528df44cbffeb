import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Reading, testContext } from '../../test/support/reading.ts'
import { openArchive } from './archive.ts'
import { LINE_BYTES_MAX } from './source.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-archive-'))
  path = join(folder, 'authlog')
})
afterEach(() => rmSync(folder, { recursive: true }))

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`)

async function readAll(file = path) {
  const context = testContext()
  const source = openArchive(file, context)
  const reading = new Reading(source)
  await reading.until(context, () => source.state.kind === 'ended')
  source.close()
  return { lines: reading.lines, blocks: reading.blocks, said: context.said, state: source.state }
}

for (const [kind, write] of [
  ['plain', (text: string) => writeFileSync(path, text)],
  ['gzip', (text: string) => writeFileSync(path, gzipSync(text))],
] as const) {
  test(`a ${kind} log is read from its start to its end, by its own time, and its last line needs no end`, async () => {
    write(`${numbered(100_000).join('\n')}\nlast`)
    utimesSync(path, 1_000, 1_000)
    const { lines, blocks, said } = await readAll()
    assert.deepEqual(lines, [...numbered(100_000), 'last'])
    assert.ok(blocks.every(({ catchingUp, writtenBy }) => catchingUp && writtenBy === 1_000_000))
    assert.deepEqual(said, [])
  })

  test(`an overlong line of a ${kind} log is counted and left out`, async () => {
    write(`a\n${'x'.repeat(LINE_BYTES_MAX + 1)}\nb\n${'y'.repeat(1_000_000)}\n`)
    const { lines, state } = await readAll()
    assert.deepEqual(lines, ['a', 'b'])
    assert.equal(state.overlongLines, 2)
  })

  test(`an empty ${kind} log has no lines`, async () => {
    write('')
    assert.deepEqual((await readAll()).lines, [])
  })
}

test('a gzip log of several parts is read through all of them', async () => {
  writeFileSync(path, Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]))
  assert.deepEqual((await readAll()).lines, ['one', 'two'])
})

test('a gzip log that is cut off counts as far as it goes, and that is said', async () => {
  const gzip = gzipSync(`${numbered(10_000).join('\n')}\n`)
  writeFileSync(path, gzip.subarray(0, gzip.length - 200))
  const { lines, said } = await readAll()
  assert.deepEqual(lines.slice(0, 5_000), numbered(5_000))
  assert.match(said.join(), /^warning: .*authlog: unexpected end of file after \d+ bytes; what was read counts$/)
})

test('a gzip log that is broken in the middle counts as far as it goes, and that is said', async () => {
  const gzip = gzipSync(Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${(i * 7919) % 100_003}\n`).join('')))
  gzip.fill(0xff, gzip.length / 2, gzip.length / 2 + 2_000)
  writeFileSync(path, gzip)
  const { lines, said } = await readAll()
  assert.equal(lines[1], '7919')
  assert.equal(said.length, 1)
})

test('what highly compressed text becomes is taken piece by piece: 500 MB take less than 100', async () => {
  const megabyte = gzipSync(`${'x'.repeat(1_023)}\n`.repeat(1_024))
  for (let i = 0; i < 500; i++) appendFileSync(path, megabyte)
  const context = testContext()
  const source = openArchive(path, context)
  const before = process.memoryUsage.rss()
  let bytes = 0
  let mostBytes = 0
  for (;;) {
    const ready = context.ready()
    for (let block = source.read(); block; block = source.read()) bytes += block.bytes.length
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss() - before)
    if (source.state.kind === 'ended') break
    await ready
  }
  source.close()
  assert.equal(bytes, 500 << 20)
  assert.ok(mostBytes < 100 << 20, `${mostBytes >> 20} MB`)
})

test('a pipe may be an archive', async () => {
  const script = `
    import { openArchive } from ${JSON.stringify(new URL('./archive.ts', import.meta.url).pathname)}
    const source = openArchive('/dev/stdin', { position: undefined, onReady: () => read(), say: console.error, now: Date.now })
    function read() {
      for (let block = source.read(); block; block = source.read()) process.stdout.write(block.bytes)
    }
    read()`
  const run = (input: string | Buffer) => {
    writeFileSync(path, input)
    const argv = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
    return execFileSync('sh', ['-c', 'file=$1; shift; cat "$file" | "$@"', 'sh', path, ...argv]).toString()
  }
  assert.equal(run('a\nb'), 'a\nb\n')
  assert.equal(run(gzipSync('a\nb')), 'a\nb\n')
})

test('what cannot be opened is told in words', () => {
  const context = testContext()
  assert.throws(() => openArchive(path, context), { message: `${path}: no such file`, status: 65 })
  assert.throws(() => openArchive(folder, context), { message: `${folder}: it is a directory, not a file` })
})
