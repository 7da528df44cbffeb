import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

/** A folder with bin/log2table and Nodes that only say their name and how they were called. */
let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'log2table launcher '))
  write('src/cli/main.ts', '')
  mkdirSync(path.join(root, 'bin'))
  copyFileSync(path.resolve(import.meta.dirname, '../bin/log2table'), path.join(root, 'bin/log2table'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(file: string, text: string): string {
  const whole = path.join(root, file)
  mkdirSync(path.dirname(whole), { recursive: true })
  writeFileSync(whole, text)
  chmodSync(whole, 0o755)
  return whole
}

function fakeNode(file: string, version: string, more = ''): string {
  return write(file, `#!/bin/sh\n[ "$1" = -v ] && echo ${version} && exit\necho "${file} $@"${more}\nexit 3\n`)
}

function log2table({
  command = path.join(root, 'bin/log2table'),
  args = ['bans', 'a b'],
  env = {} as Record<string, string>,
} = {}) {
  const PATH = `${path.join(root, 'path')}:/usr/bin:/bin`
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: { PATH, ...env } })
  return { status, stdout, stderr }
}

const called = (node: string, main: string) => `${node} --disable-warning=ExperimentalWarning ${root}/${main} bans a b\n`

describe('bin/log2table', () => {
  it('becomes the Node of PATH where that is new enough, and ends as it ends', () => {
    fakeNode('path/node', 'v22.18.0')
    assert.deepEqual(log2table(), { status: 3, stdout: called('path/node', 'src/cli/main.ts'), stderr: '' })
  })

  it('gives what reads logs less room for what it holds for a moment', () => {
    fakeNode('path/node', 'v24.0.0', ' "$MALLOC_MMAP_THRESHOLD_"')
    for (const [command, size] of Object.entries({ run: 8, replay: 16 })) {
      const { stdout } = log2table({ args: [command, '-d'] })
      assert.equal(
        stdout,
        `path/node --disable-warning=ExperimentalWarning --max-semi-space-size=${size} ${root}/src/cli/main.ts ${command} -d 1048576\n`,
      )
    }
  })

  it('prefers the Node that was fetched for it, and LOG2TABLE_NODE to that', () => {
    fakeNode('path/node', 'v24.0.0')
    fakeNode('.tools/node/bin/node', 'v24.1.0')
    assert.equal(log2table().stdout, called('.tools/node/bin/node', 'src/cli/main.ts'))
    const LOG2TABLE_NODE = fakeNode('mine', 'v26.0.0')
    assert.equal(log2table({ env: { LOG2TABLE_NODE } }).stdout, called('mine', 'src/cli/main.ts'))
  })

  it('runs what was built where there are no sources, with the Node that was installed beside it', () => {
    rmSync(path.join(root, 'src'), { recursive: true })
    fakeNode('node/bin/node', 'v24.1.0')
    assert.equal(log2table().stdout, called('node/bin/node', 'dist/cli/main.js'))
  })

  it('finds its folder through links, relative ones and links to links', () => {
    fakeNode('path/node', 'v24.0.0')
    mkdirSync(path.join(root, 'links'))
    symlinkSync('../bin/log2table', path.join(root, 'links/one'))
    symlinkSync(path.join(root, 'links/one'), path.join(root, 'two'))
    const { status, stdout } = log2table({ command: path.join(root, 'two') })
    assert.equal(status, 3)
    assert.equal(stdout, called('path/node', 'links/../src/cli/main.ts'))
  })

  for (const version of ['v22.17.1', 'v20.20.2', 'v9.11.2', 'nonsense']) {
    it(`says what to do where Node is ${version}`, () => {
      fakeNode('path/node', version)
      const { status, stdout, stderr } = log2table()
      assert.equal(status, 69)
      assert.equal(stdout, '')
      assert.equal(
        stderr,
        `log2table: needs Node 22.18 or later, and node is ${version}; run \`make\` in the checkout, which fetches one on Linux, or set LOG2TABLE_NODE to its path\n`,
      )
    })
  }

  it('says so where LOG2TABLE_NODE leads nowhere', () => {
    const { status, stderr } = log2table({ env: { LOG2TABLE_NODE: '/nowhere/node' } })
    assert.equal(status, 69)
    assert.match(stderr, /needs Node 22\.18 or later, and \/nowhere\/node is not there; run `make`/)
  })
})
