import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Unreadable } from '../sources/open-file.ts'
import { captureRefusal, openAllowed, pathRefusal } from './allowed.ts'

/** What is told where a file is opened: its content, or why not. */
function opened(allowed: readonly string[], path: string): string {
  try {
    const { fd } = openAllowed({ paths: allowed, captures: [] })(path)
    const text = readFileSync(fd, 'utf8')
    closeSync(fd)
    return text
  } catch (error) {
    assert.ok(error instanceof Unreadable, String(error))
    return error.message
  }
}

describe('what the reader opens', () => {
  let folder: string
  let logs: string
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'log2table-allowed-')))
    logs = join(folder, 'logs')
    mkdirSync(join(logs, 'deep'), { recursive: true })
    mkdirSync(join(folder, 'logs-of-others'))
    mkdirSync(join(folder, 'private'))
    for (const path of ['logs/app.log', 'logs/deep/deep.log']) writeFileSync(join(folder, path), 'log')
    for (const path of ['private/shadow', 'logs-of-others/app.log']) writeFileSync(join(folder, path), 'secret')
  })
  after(() => rmSync(folder, { recursive: true }))

  test('is what lies below an allowed folder, or is allowed by itself', () => {
    assert.equal(opened([logs], join(logs, 'app.log')), 'log')
    assert.equal(opened([logs], join(logs, 'deep/deep.log')), 'log')
    assert.equal(opened([join(logs, 'app.log')], join(logs, 'app.log')), 'log')
    assert.equal(opened([logs], join(logs, 'none')), 'no such file')
    assert.equal(process.cwd(), '/')
  })

  test('is nothing else, by whatever name', () => {
    const refused = `the reader may read ${logs}; add`
    assert.equal(opened([logs], join(folder, 'private/shadow')), `${refused} "${folder}/private" to "logs" of commands.json`)
    assert.equal(
      opened([logs], join(folder, 'logs-of-others/app.log')),
      `${refused} "${folder}/logs-of-others" to "logs" of commands.json`,
    )
    assert.equal(opened([], '/var/log/x'), 'the reader may read nothing of the kind; add "/var/log" to "logs" of commands.json')
    for (const path of [`${logs}/../private/shadow`, `${logs}//app.log`, `${logs}/./app.log`, 'app.log', `${logs}/a\0b`])
      assert.equal(pathRefusal(path, { paths: [logs], captures: [] }), 'the reader takes whole paths, without ".."', path)
  })

  test('is never led to by a link that leaves what is allowed; one that stays is followed', () => {
    const out = 'it is a link that leads out of what the reader may read'
    symlinkSync(join(folder, 'private/shadow'), join(logs, 'out'))
    symlinkSync('../private', join(logs, 'out-folder'))
    symlinkSync('deep', join(logs, 'in-folder'))
    symlinkSync('in-folder/deep.log', join(logs, 'in'))
    symlinkSync(logs, join(folder, 'link-to-logs'))
    assert.equal(opened([logs], join(logs, 'out')), out)
    assert.equal(opened([logs], join(logs, 'out-folder/shadow')), out)
    assert.equal(opened([logs], join(logs, 'in')), 'log')
    assert.equal(opened([logs], join(logs, 'in-folder/deep.log')), 'log')
    assert.equal(opened([join(folder, 'link-to-logs')], join(folder, 'link-to-logs/app.log')), 'log', 'a link that root allows')
  })

  test('is no second name of a file, no FIFO, no device and no folder', () => {
    linkSync(join(folder, 'private/shadow'), join(logs, 'hard'))
    execFileSync('mkfifo', [join(logs, 'fifo')])
    assert.equal(opened([logs], join(logs, 'hard')), 'it has 2 names (hard links), and the reader cannot know whose file it is')
    assert.equal(opened([logs], join(logs, 'fifo')), 'it is a FIFO, not a file')
    assert.equal(opened([logs], join(logs, 'deep')), 'it is a directory, not a file')
    assert.equal(opened(['/dev'], '/dev/null'), 'it is a device, not a file')
  })

  test('is the same while somebody changes the folders and links on the way as fast as he can', async (t) => {
    const [way, link] = [join(logs, 'way'), join(logs, 'shadow')]
    mkdirSync(way)
    writeFileSync(join(way, 'shadow'), 'log')
    writeFileSync(link, 'log')
    symlinkSync('../private', join(logs, 'bad-way'))
    symlinkSync('../private/shadow', join(logs, 'bad-link'))
    // Each is swapped with a link to what is secret, back and forth.
    const script = `
const { renameSync } = require('node:fs')
console.log('swapping')
for (;;) for (const [good, bad] of [['way', 'bad-way'], ['shadow', 'bad-link']]) {
  renameSync(good, 'aside'), renameSync(bad, good)
  renameSync(good, bad), renameSync('aside', good)
}`
    const swapper = spawn(process.execPath, ['-e', script], { cwd: logs, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(swapper.stdout, 'data')
    const said = new Map<string, number>()
    for (let i = 0; i < 4_000; i++) {
      const text = opened([logs], i % 2 === 0 ? join(way, 'shadow') : link)
      said.set(text, (said.get(text) ?? 0) + 1)
    }
    swapper.kill('SIGKILL')
    await once(swapper, 'exit')
    t.diagnostic([...said].map(([text, times]) => `${times} times: ${text}`).join('; '))
    assert.equal(said.has('secret'), false)
    assert.ok((said.get('log') ?? 0) > 0)
  })

  test('are captures that are named, and no others', () => {
    const allowed = { paths: [logs], captures: ['nflog:5'] }
    assert.equal(captureRefusal('nflog:5', allowed), undefined)
    assert.equal(captureRefusal('nflog:6', allowed), 'the reader may read nflog:5; add "nflog:6" to "logs" of commands.json')
  })
})
