import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { createRunner, KILL_AFTER_MS } from './runner.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-runner-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A shell script of that name in the runner's path. */
function script(name: string, text: string): string {
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return name
}

const run = createRunner({ path: folder })

/** What was killed takes a moment to be gone. */
async function assertEnds(pid: number): Promise<void> {
  for (const deadline = Date.now() + 2_000; isAlive(pid); ) {
    assert.ok(Date.now() < deadline, `${pid} is alive`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that has ended and was not waited for yet is no more alive.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('arguments reach the program as they are, the input too, and status and both outputs come back', async () => {
  const command = {
    argv: [script('echo-all', 'for a; do echo "$a"; done; cat; echo oh >&2; exit 3'), '$(id)', 'a b', '*'],
    stdin: 'in\n',
  }
  assert.deepEqual(await run(command), { status: 3, stdout: '$(id)\na b\n*\nin\n', stderr: 'oh\n' })
})

test('the environment is clean', async () => {
  process.env.LOG2TABLE_SECRET = 'x'
  const { stdout } = await run({ argv: ['env'] })
  delete process.env.LOG2TABLE_SECRET
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0]!)
  assert.deepEqual(names.sort(), ['LC_ALL', 'PATH', 'TZ'])
})

test('a program that is not there is no exception, nor is one that cannot be started; it is looked for again', async () => {
  assert.deepEqual(await run({ argv: ['log2table-nothing'] }), {
    status: null,
    stdout: '',
    stderr: '',
    trouble: 'no such program',
  })
  writeFileSync(path.join(folder, 'broken'), 'not a program', { mode: 0o755 })
  assert.match((await run({ argv: ['broken'] })).trouble ?? 'none', /cannot be started|none/)
  script('log2table-nothing', 'exit 0')
  assert.equal((await run({ argv: ['log2table-nothing'] })).status, 0)
  rmSync(path.join(folder, 'log2table-nothing'))
  assert.equal((await run({ argv: ['log2table-nothing'] })).trouble, 'no such program')
})

test('one that hangs is killed in time, with all of its group, even where it will not hear', async () => {
  const pids = path.join(folder, 'pids')
  script(
    'hang',
    `trap '' TERM\nsh -c "trap '' TERM; sleep 1000; sleep 1000" &\necho $$ $! > ${pids}\necho begun\nsleep 1000; sleep 1000`,
  )
  const began = Date.now()
  const result = await run({ argv: ['hang'], timeoutMs: 300 })
  assert.deepEqual(result, { status: null, stdout: 'begun\n', stderr: '', trouble: 'killed after 300ms' })
  assert.ok(Date.now() - began < 300 + KILL_AFTER_MS + 1_000)
  for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) await assertEnds(Number(pid))
})

test('one that ends when asked leaves no child behind, nor does a child hold us up', async () => {
  const pids = path.join(folder, 'pids-2')
  script('leaves', `sh -c "trap '' TERM; sleep 1000; sleep 1000" &\necho $! > ${pids}\nsleep 1000`)
  assert.equal((await run({ argv: ['leaves'], timeoutMs: 200 })).trouble, 'killed after 200ms')
  await assertEnds(Number(readFileSync(pids, 'utf8')))
})

test('one that prints without end is stopped, on either output', async () => {
  const few = createRunner({ path: folder, stdoutBytesMax: 1024 * 1024, stderrBytesMax: 4 * 1024 })
  const before = process.memoryUsage().rss
  assert.equal(
    (await few({ argv: [script('flood', 'exec yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')] })).trouble,
    'printed more than 1 MiB',
  )
  assert.equal(
    (await few({ argv: [script('flood-2', 'exec yes bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb >&2')] })).trouble,
    'printed more than 1 MiB',
  )
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024)
})

test('of what it says on standard error only the beginning is kept', async () => {
  const few = createRunner({ path: folder, stderrBytesMax: 10 })
  const { status, stderr } = await few({ argv: [script('talks', 'echo 0123456789abc >&2; echo more >&2; exit 2')] })
  assert.deepEqual([status, stderr], [2, '0123456789'])
})

test('one that was killed by others says by what', async () => {
  assert.equal((await run({ argv: [script('suicide', 'kill -9 $$')] })).trouble, 'ended by SIGKILL')
})

test('one that does not read its input is judged by its status', async () => {
  const result = await run({ argv: [script('deaf', 'exec 0<&-; exit 0')], stdin: 'x'.repeat(4 * 1024 * 1024) })
  assert.equal(result.status, 0)
})

test('at shutdown what runs is ended and nothing more is begun', async () => {
  const controller = new AbortController()
  const ending = createRunner({ path: folder, signal: controller.signal })
  const running = ending({ argv: [script('long', 'sleep 1000')] })
  controller.abort()
  assert.equal((await running).trouble, 'killed: shutting down')
  assert.equal((await ending({ argv: ['long'] })).trouble, 'not run: shutting down')
})

test('a command is not run where its question is answered by status 0', async () => {
  const [ask, act] = [script('ask', 'exit "$1"'), script('act', 'echo done')]
  assert.deepEqual(await run({ argv: [act], unless: [ask, '0'] }), { status: 0, stdout: '', stderr: '' })
  assert.deepEqual(await run({ argv: [act], unless: [ask, '1'] }), { status: 0, stdout: 'done\n', stderr: '' })
})
