import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { needs, program } from '../lib/programs.ts'

const run = promisify(execFile)
const checkout = path.resolve(import.meta.dirname, '../..')
// The make that runs the tests tells its own options to every other make.
const environment = { ...process.env, LOG2TABLE_NODE: process.execPath, MAKEFLAGS: '', MAKEOVERRIDES: '', MFLAGS: '' }
/** What OpenBSD's and FreeBSD's ports set, as far as ours use it, and what they do when they install into an empty folder. */
const PORT_MK = `
PREFIX ?= /usr/local
TRUEPREFIX = /usr/local
LOCALSTATEDIR = /var
SYSCONFDIR = /etc
EXAMPLESDIR = \${PREFIX}/share/examples/\${PORTNAME}
WRKSRC = \${WRKDIR}/log2table-\${V:U\${DISTVERSION}}
fake stage:
	cd \${WRKSRC} && \${MAKE} install DESTDIR=\${STAGE} \${FAKE_FLAGS} \${MAKE_ARGS}
`

let folder: string
let ports: string
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'log2table-ports-'))
  ports = path.join(folder, 'ports')
  await run('make', ['-s', 'ports', `PORTSDIR=${ports}`], { cwd: checkout, env: environment })
  await writeFile(path.join(folder, 'bsd.port.mk'), PORT_MK)
  // Its own rules, of which none are needed, are where bmake is installed.
  await writeFile(path.join(folder, 'sys.mk'), '')
})
after(() => rm(folder, { recursive: true, force: true }))

const textOf = (file: string) => readFileSync(path.join(ports, file), 'utf8')
const bmake = (cwd: string, ...args: string[]) =>
  run(program('bmake'), ['-I', folder, '-m', folder, ...args], { cwd: path.resolve(ports, cwd), env: environment })

/** Unpacks the tarball and installs from it, as the port has it; what is there then, relative to the prefix. */
async function installed(port: string): Promise<readonly string[]> {
  const [work, stage] = [path.join(folder, `work-${port}`), path.join(folder, `stage-${port}`)]
  await mkdir(work)
  await run('tar', ['-xzf', path.join(ports, tarball()), '-C', work])
  await bmake(port, `WRKDIR=${work}`, `STAGE=${stage}`, port === 'openbsd' ? 'fake' : 'stage')
  const { stdout } = await run('find', ['.', '-not', '-type', 'd'], { cwd: path.join(stage, 'usr/local') })
  return stdout
    .trim()
    .split('\n')
    .map((file) => file.slice(2))
    .sort()
}

const tarball = () => readdirSync(ports).find((name) => name.endsWith('.tar.gz'))!

describe('the ports', { skip: needs(['bmake']) }, () => {
  it('of OpenBSD lists what its make installs, no more and no less', async () => {
    const listed = textOf('openbsd/pkg/PLIST')
      .split('\n')
      .map((line) => line.replace('@man ', ''))
      .filter((line) => line !== '' && !line.startsWith('@') && !line.endsWith('/'))
    assert.deepEqual(listed.sort(), await installed('openbsd'))
    assert.ok(listed.includes('man/man8/log2table.8'))
  })

  it('of FreeBSD lists what its make installs, no more and no less', async () => {
    const listed = textOf('freebsd/pkg-plist')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('@'))
      .map((line) => line.replace('%%EXAMPLESDIR%%', 'share/examples/log2table').replace(/^(share\/man\/.*)\.gz$/, '$1'))
    assert.deepEqual(listed.sort(), await installed('freebsd'))
    assert.ok(textOf('freebsd/pkg-plist').includes('share/man/man8/log2table.8.gz\n'))
  })

  it("need no Node but the system's, and look for the configuration where the system keeps it", async () => {
    for (const [port, etc] of [
      ['openbsd', '/etc/log2table'],
      ['freebsd', '/usr/local/etc/log2table'],
    ] as const) {
      const stage = path.join(folder, `stage-${port}`, 'usr/local/lib/log2table')
      assert.deepEqual(readdirSync(stage).sort(), ['LICENSE', 'bin', 'dist', 'node_modules', 'package.json'])
      await run('grep', ['-rqE', '--include=*.cjs', `["']${etc}["']`, path.join(stage, 'dist')])
    }
  })

  it('have the program compiled ahead where they are installed, and take that away with it', () => {
    for (const [list, after, before] of [
      ['openbsd/pkg/PLIST', '@exec', '@unexec'],
      ['freebsd/pkg-plist', '@postexec', '@preunexec'],
    ] as const) {
      const lines = textOf(list).split('\n')
      assert.ok(lines.some((line) => line.startsWith(after) && line.endsWith('/dist/parts/keep-compiled.js || true')))
      assert.ok(lines.some((line) => line.startsWith(`${before} rm -rf `) && line.endsWith('/lib/log2table/dist/compiled')))
    }
  })

  it('name the tarball by its sum and size', () => {
    const bytes = readFileSync(path.join(ports, tarball()))
    for (const [port, encoding] of [
      ['openbsd', 'base64'],
      ['freebsd', 'hex'],
    ] as const) {
      const sum = createHash('sha256').update(bytes).digest(encoding)
      const text = textOf(`${port}/distinfo`)
      assert.ok(text.includes(`SHA256 (${tarball()}) = ${sum}\nSIZE (${tarball()}) = ${bytes.length}\n`), text)
    }
  })

  it('have a version that the packages of each system can compare', async () => {
    const value = async (port: string, name: string) => (await bmake(port, '-V', `$\{${name}}`)).stdout.trim()
    const { version } = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8'))
    assert.match(await value('openbsd', 'PKGNAME'), /^log2table-\d[\d.]*(?:(?:alpha|beta|rc)\d+)?$/)
    assert.equal(await value('openbsd', 'DISTNAME'), `log2table-${version}`)
    assert.equal(await value('freebsd', 'DISTVERSION'), version)
    assert.ok((await value('openbsd', 'COMMENT')).length <= 60)
    assert.ok((await value('freebsd', 'COMMENT')).length <= 70)
  })

  it('start the service below the prefix that is chosen', async () => {
    for (const script of ['log2table', 'log2table_pflog']) {
      const openbsd = textOf(`openbsd/pkg/${script}.rc`)
      assert.match(openbsd, /^daemon="\$\{TRUEPREFIX\}\/bin\/log2table/m)
      const freebsd = textOf(`freebsd/files/${script}.in`)
      assert.match(freebsd, /%%PREFIX%%\/bin\/log2table/)
      assert.doesNotMatch(openbsd + freebsd, /\/usr\/local/)
      await writeFile(path.join(folder, script), freebsd)
      await run('sh', ['-n', path.join(folder, script)])
    }
    assert.match(textOf('freebsd/files/log2table.in'), /log2table_config:=%%PREFIX%%\/etc\/log2table\}/)
  })
})

it('our own Makefile is understood by the make of the BSDs', { skip: needs(['bmake']) }, async () => {
  const { stdout } = await bmake(checkout, '-n', 'install', 'PREFIX=/opt')
  assert.match(stdout, /PREFIX='\/opt' .*MANDIR=''/)
  for (const target of ['uninstall', 'clean', 'help', 'test-long']) await bmake(checkout, '-n', target)
})
