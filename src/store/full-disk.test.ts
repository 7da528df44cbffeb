import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryPath } from './fixtures/changes.ts'

const scenario = fileURLToPath(import.meta.resolve('./fixtures/full-disk.ts'))

test('a disk that gets full, or was, and has room again costs nothing but time, and one that is read-only is said', (t) => {
  const folder = dirname(temporaryPath(t))
  const script = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" --disable-warning=ExperimentalWarning "$3" "$1"'
  const argv = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder, process.execPath, scenario]
  const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const full = 'state.db: the disk is full; make room on it; bans go on, and what is to be stored waits in memory'
  const again = 'the database is written again, nothing was lost after=11s droppedEvidence=0'
  assert.equal(stdout, `error: ${folder}/${full}\n${again}\n`)
})
