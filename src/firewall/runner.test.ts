import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import type { Named } from './firewall.ts'
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
  assert.ok(Date.now() - began < 300 + KILL_AFTER_MS + 20_000, 'not after the thousand seconds that it would sleep')
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

describe('what commands.json names', () => {
  const bin = (name: string) => path.join(folder, name)
  const named: Named = {
    commands: new Map([
      ['each', [bin('echo-words'), '--table={table}', '{address}', 'a b', '$(id)']],
      ['all', [bin('echo-words'), '{table}']],
      ['picky', [bin('refuse-second'), '{address}']],
    ]),
    files: new Map([['banned', path.join(folder, 'banned')]]),
    via: new Map([['fw1', [bin('far'), 'fw1', 'doas']]]),
  }
  const withNames = createRunner({ path: folder, named: () => named })
  script('echo-words', 'for a; do echo "<$a>"; done; cat')
  script('refuse-second', '[ "$1" = 192.0.2.2 ] && { echo no >&2; exit 4; }; echo "$1" >>"$0.done"')
  // As ssh does: the words are joined, and a shell reads them.
  script('far', 'host=$1; shift 2; echo "on $host" >&2; exec sh -c "$*"')

  test('a command with a place for the address is run for each, no shell between, and ends at the first that fails', async () => {
    assert.deepEqual(await withNames({ command: 'each', table: 'bad_ip', addresses: ['192.0.2.1'] }), {
      status: 0,
      stdout: '<--table=bad_ip>\n<192.0.2.1>\n<a b>\n<$(id)>\n',
      stderr: '',
    })
    const failed = await withNames({ command: 'picky', table: 'x', addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] })
    assert.deepEqual([failed.status, failed.stderr], [4, 'no\n'])
    assert.equal(readFileSync(`${bin('refuse-second')}.done`, 'utf8'), '192.0.2.1\n')
  })

  test('a command without one is run once, and gets all on its standard input', async () => {
    const { stdout } = await withNames({ command: 'all', table: 'bad_ip', addresses: ['192.0.2.1', '2001:db8::/64'] })
    assert.equal(stdout, '<bad_ip>\n192.0.2.1\n2001:db8::/64\n')
    assert.equal((await withNames({ command: 'all', table: 'bad_ip' })).stdout, '<bad_ip>\n')
  })

  test('a command is run through words, its question too, and its input reaches the far end', async () => {
    const there = { argv: ['echo-words', '-t', '192.0.2.0/24'], stdin: 'in\n', via: 'fw1' }
    assert.deepEqual(await withNames(there), { status: 0, stdout: '<-t>\n<192.0.2.0/24>\nin\n', stderr: 'on fw1\n' })
    assert.equal((await withNames({ ...there, unless: ['true'] })).stdout, '')
    assert.equal((await withNames({ ...there, unless: ['false'] })).stdout, '<-t>\n<192.0.2.0/24>\nin\n')
  })

  test('a word that a shell could take for something else is not run through words', async () => {
    for (const word of ['$(id)', 'a b', '*', 'table(bad_ip)', "'", '', '!x', 'a;b', '~']) {
      const { status, trouble } = await withNames({ argv: ['echo-words', word], via: 'fw1' })
      assert.equal(status, null)
      assert.match(trouble!, /^not run through "fw1": a shell on the way could take/)
    }
  })

  test('a file is changed by its name', async () => {
    await Promise.all(
      ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((line) => withNames({ file: 'banned', verb: 'add', lines: [line] })),
    )
    assert.equal((await withNames({ file: 'banned', verb: 'read', lines: [] })).stdout, '192.0.2.1\n192.0.2.2\n192.0.2.3\n')
  })

  test('a name that is not there gets nothing', async () => {
    for (const runner of [withNames, run]) {
      const troubles = await Promise.all([
        runner({ command: 'sh', table: 'x' }),
        runner({ file: 'shadow', verb: 'read', lines: [] }),
        runner({ argv: ['true'], via: 'fw2' }),
      ])
      assert.deepEqual(
        troubles.map(({ status, trouble }) => [status, trouble]),
        [
          [null, 'commands.json names no command "sh"'],
          [null, 'commands.json names no file "shadow"'],
          [null, 'commands.json names no via "fw2"'],
        ],
      )
    }
  })
})

test('what it says where there was nothing to do counts as done, on either output', async () => {
  script('again', 'echo "add net 10.0.0.0: route already in table"; exit 1')
  const alreadyDone = ['File exists', 'already in table']
  assert.equal((await run({ argv: ['again'], alreadyDone })).status, 0)
  assert.equal((await run({ argv: ['again'], alreadyDone: ['not in table'] })).status, 1)
})
