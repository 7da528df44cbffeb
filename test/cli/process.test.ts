import assert from 'node:assert/strict'
import { type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitStatus } from '../../src/base/exit-status.ts'
import { silentLog } from '../../src/base/log.ts'
import { FOR_LIFE } from '../../src/base/units.ts'
import { idleControl } from '../../src/daemon/control.testing.ts'
import { listenForControl } from '../../src/daemon/control.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

function start(args: readonly string[], stdio: StdioOptions = 'pipe') {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { stdio })
}

async function end(child: ReturnType<typeof start>): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (data) => {
    stdout += data
  })
  child.stderr?.on('data', (data) => {
    stderr += data
  })
  const [status] = await once(child, 'close')
  return { status, stdout, stderr }
}

test('the exit status of the process is that of the command, its output and errors each in their place', async () => {
  const well = await end(start(['version']))
  assert.match(well.stdout, /^log2table \d/)
  assert.deepEqual({ ...well, stdout: '' }, { status: 0, stdout: '', stderr: '' })
  assert.deepEqual(await end(start(['stauts'])), {
    status: exitStatus.usage,
    stdout: '',
    stderr: 'log2table: unknown command "stauts"; did you mean "status"?\n',
  })
})

test('a reader that has seen enough ends a listing quietly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-process-'))
  const path = join(folder, 'run', 'control.sock')
  const ban = {
    id: '',
    at: 0,
    network: { address: 0xcb007109, bits: 32 },
    table: 't',
    rule: 'r',
    until: FOR_LIFE,
    score: 1,
    reason: '',
  }
  const control = idleControl({ bans: () => Array.from({ length: 200_000 }, () => ban) })
  const server = await listenForControl({ path, control, log: silentLog, now: () => 0 })
  const child = start(['bans', '--json', '--socket', path])
  child.stdout!.once('data', () => child.stdout!.destroy())
  const { status, stderr } = await end(child)
  await server.close()
  rmSync(folder, { recursive: true })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
})

test('output that cannot be written is not passed over', { skip: process.platform !== 'linux' && 'no /dev/full' }, async () => {
  const full = openSync('/dev/full', 'w')
  const { status, stderr } = await end(start(['version'], ['ignore', full, 'pipe']))
  closeSync(full)
  assert.deepEqual(
    { status, stderr },
    {
      status: exitStatus.unavailable,
      stderr: 'log2table: cannot write the output: ENOSPC: no space left on device, write\n',
    },
  )
})
