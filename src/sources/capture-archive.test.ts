import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

test('a pipe is not opened to see what is in it: whoever writes into it would be cut off', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-capture-archive-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const module = new URL('./capture-archive.ts', import.meta.url).href
  const program = `const { openCaptureArchive } = await import(process.argv[1]); console.log(openCaptureArchive(process.argv[2], {}))`
  // Nobody writes into it, so that to open it is to wait for ever.
  const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, module, pipe]
  assert.equal(execFileSync(process.execPath, argv, { encoding: 'utf8', timeout: 20_000 }), 'undefined\n')
})
