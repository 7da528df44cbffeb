import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext as Test, test } from 'node:test'
import { waitFor } from '../../test/lib/wait-for.ts'
import { Reading, testContext } from '../../test/support/reading.ts'
import { CommandSource } from './command.ts'
import { LINE_BYTES_MAX } from './source.ts'

const folders: string[] = []

function open(t: Test, script: string, position?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-command-'))
  folders.push(folder)
  const context = testContext(position)
  const source = new CommandSource('command:x', ['/bin/sh', '-c', script, 'sh', folder], context)
  t.after(() => {
    source.close()
    rmSync(folder, { recursive: true })
  })
  const reading = new Reading(source)
  const lines = async (count: number) => {
    await reading.until(context, () => reading.lines.length >= count)
    return reading.lines
  }
  const pid = (name: string) => Number(readFileSync(join(folder, name), 'utf8'))
  return { context, source, reading, lines, folder, pid }
}

test('what a command prints is the log, live, and a position is a count of bytes', async (t) => {
  const { context, reading, lines } = open(t, "printf 'one\\ntw'; sleep 0.05; printf 'o\\n'; exec sleep 60", 1_000)
  assert.deepEqual(await lines(2), ['one', 'two'])
  assert.equal(reading.position, 1_008)
  assert.equal(reading.blocks[0]!.offset, 1_000)
  assert.ok(reading.blocks.every(({ catchingUp, writtenBy }) => !catchingUp && writtenBy === context.clockAt))
})

test('one that ends is started again; ended well, its last line needs no line feed', async (t) => {
  const { context, source, lines } = open(t, 'echo $$; printf last')
  const all = await lines(4)
  assert.equal(all[1], 'last')
  assert.equal(all[3], 'last')
  assert.notEqual(all[0], all[2])
  assert.equal(source.state.lostBytes, 0)
  assert.equal(context.said[0], 'warning: command:x: ended (exit status 0); started again in 100ms')
})

test('of one that was killed the cut line never counts, and its bytes are lost', async (t) => {
  const { context, source, lines } = open(t, "echo whole; printf 'Failed password for root from 203.0.113.9'; kill -9 $$")
  assert.deepEqual(await lines(2), ['whole', 'whole'])
  assert.ok(source.state.lostBytes % 41 === 0 && source.state.lostBytes > 0, String(source.state.lostBytes))
  assert.equal(context.said[0], 'warning: command:x: ended (SIGKILL); started again in 100ms')
})

test('what is not read stays with the command, and nothing of it is lost', async (t) => {
  const { source, context, reading, folder } = open(t, 'seq 1 200000; echo >$1/done; exec sleep 60')
  await context.ready()
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(!existsSync(join(folder, 'done')))
  assert.ok(source.state.behindBytes > 0 && source.state.behindBytes <= 128 * 1024, String(source.state.behindBytes))
  await reading.until(context, () => reading.lines.length === 200_000)
  assert.ok(reading.lines.every((line, index) => line === String(index + 1)))
})

test('an overlong line is counted and left out', async (t) => {
  const { source, lines } = open(t, `echo a; head -c ${20 * LINE_BYTES_MAX} /dev/zero; echo; echo b; exec sleep 60`)
  assert.deepEqual(await lines(2), ['a', 'b'])
  assert.equal(source.state.overlongLines, 1)
})

test('its standard error is told: escaped, cut, and not without end', async (t) => {
  const script =
    "printf '\\033[31mred\\n' >&2; head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2; seq 1 1000 >&2; echo done; exec sleep 60"
  const { context, lines } = open(t, script)
  await lines(1)
  await waitFor('all is told', 5_000, () => context.said.length >= 10)
  assert.equal(context.said[0], 'warning: command:x: it says: \\x1b[31mred')
  assert.equal(context.said[1], `warning: command:x: it says: ${'x'.repeat(400)}...`)
  assert.equal(context.said[2], 'warning: command:x: it says: 1')
  assert.equal(context.said.length, 10)
})

test('at close it is killed with all that it started, and what was not read is told', async (t) => {
  const { context, source, lines, pid } = open(
    t,
    'trap "" TERM; sleep 61 & echo $! >$1/child; echo $$ >$1/leader; echo up; echo more; wait',
  )
  await lines(2)
  const pids = [pid('leader'), pid('child')]
  assert.ok(pids.every(isAlive))
  source.close()
  await waitFor('they have ended', 5_000, () => !pids.some(isAlive))
  assert.equal(source.read(), undefined)
  assert.deepEqual(context.said, [])
})

test('what a command left behind is killed before it is started again', async (t) => {
  const { lines, pid } = open(t, 'echo up; [ -e $1/child ] && exec sleep 60; sleep 61 & echo $! >$1/child')
  await lines(2)
  assert.ok(!isAlive(pid('child')))
})

test('it gets no shell, and nothing of our environment but PATH', async (t) => {
  process.env.LOG2TABLE_SECRET = 'x'
  t.after(() => delete process.env.LOG2TABLE_SECRET)
  const context = testContext()
  const source = new CommandSource('command:x', ['/usr/bin/env'], context)
  t.after(() => source.close())
  const reading = new Reading(source)
  await reading.until(context, () => reading.lines.length >= 3)
  assert.deepEqual(
    reading.lines
      .slice(0, 3)
      .map((line) => line.split('=')[0])
      .sort(),
    ['LC_ALL', 'PATH', 'TZ'],
  )
})

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and was not waited for yet is none.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
