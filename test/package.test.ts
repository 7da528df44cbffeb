import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const checkout = path.resolve(import.meta.dirname, '..')
const { version } = JSON.parse(await readFile(path.join(checkout, 'package.json'), 'utf8'))

let folder: string
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'log2table-package-'))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('the package, installed in an empty folder', () => {
  let project: string
  let packed: readonly string[]

  before(async () => {
    project = path.join(folder, 'project')
    await mkdir(project)
    await writeFile(path.join(project, 'package.json'), '{ "type": "module", "private": true }')
    // `npm pack` builds first. What the build says would spoil the JSON, so that is asked of the tarball.
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: checkout })
    const tarball = path.join(folder, stdout.trim().split('\n').at(-1)!)
    packed = (await run('tar', ['-tzf', tarball])).stdout.trim().split('\n')
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: project })
  })

  it('holds what is needed to run and to write rules, and no tests, sources or native code', () => {
    const has = (file: string) => packed.includes(`package/${file}`)
    for (const file of ['bin/log2table', 'LICENSE', 'dist/cli/main.js', 'dist/index.d.ts', 'dist/patterns/index.js']) {
      assert.ok(has(file), `${file} is missing`)
    }
    const foreign = packed.filter((file) => /\.test\.|\.node$|binding\.gyp$|^package\/(?:src|test|bench|\.)/.test(file))
    assert.deepEqual(foreign, [])
  })

  it('brings four packages, of which none runs anything when it is installed', async () => {
    const lock = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8'))
    const packages = Object.keys(lock.packages).filter((name) => name !== '')
    assert.deepEqual(packages.map((name) => name.replace('node_modules/', '')).sort(), [
      '@eslint-community/regexpp',
      'commander',
      'log2table',
      'nodemailer',
      'valibot',
    ])
    assert.deepEqual(
      packages.filter((name) => lock.packages[name].hasInstallScript),
      [],
    )
  })

  it('gives a rule of the user its types, and refuses a wrong one', async () => {
    const rule = (table: string) => `
      import { Generic, Hackers, nftables, type Outcome, parameters, type ScoredHit } from 'log2table'
      import { sshd } from 'log2table/patterns'
      class Mine extends Generic {
        onHit(_kept: undefined, hit: ScoredHit): Outcome {
          return { decisions: [{ kind: 'ban', table: 'bad_ip', for: '1h', reason: hit.address }] }
        }
      }
      export default parameters({
        tables: { bad_ip: nftables() },
        rules: { mine: new Mine(), hackers: new Hackers({ table: ${table} }) },
        logs: { '/var/log/authlog': { mine: sshd, hackers: sshd } },
      })`
    await writeFile(path.join(project, 'right.ts'), rule("'bad_ip'"))
    await writeFile(path.join(project, 'wrong.ts'), rule('7'))
    const tsc = path.join(checkout, 'node_modules/.bin/tsc')
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', '']
    await run(tsc, [...options, 'right.ts'], { cwd: project })
    await assert.rejects(run(tsc, [...options, 'wrong.ts'], { cwd: project }), ({ stdout }) =>
      /^wrong\.ts.*'number' is not assignable to type 'string'/m.test(stdout),
    )
  })

  it('runs what it exports', async () => {
    const script = `
      import { Generic, Hackers } from 'log2table'
      import { sshd } from 'log2table/patterns'
      console.log(new Hackers({ table: 'bad_ip' }) instanceof Generic, sshd.length > 0)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })
    assert.equal(stdout, 'true true\n')
  })

  it('is there as a command', async () => {
    const { stdout } = await run(path.join(project, 'node_modules/.bin/log2table'), ['version'], { env: environment() })
    assert.match(stdout, new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`))
  })
})

describe('make install', () => {
  const etc = '/opt/etc/log2table'
  let root: string
  const make = (target: string) =>
    run('make', ['-s', target, `DESTDIR=${root}`, 'PREFIX=/opt', `ETCDIR=${etc}`, 'STATEDIR=/opt/state'], {
      cwd: checkout,
      env: environment(),
    })

  before(async () => {
    root = path.join(folder, 'root')
    await make('install')
  })

  it('gives a command that runs from its own folder', async () => {
    const { stdout } = await run(path.join(root, 'opt/bin/log2table'), ['version'], { env: environment() })
    assert.match(stdout, new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`))
  })

  it('makes ETCDIR the folder that the program looks in, and that its messages name', async () => {
    const { stdout } = await run('grep', ['-rlF', '--include=*.js', etc, path.join(root, 'opt/lib/log2table/dist')])
    assert.match(stdout, /parameters\.js/)
    await assert.rejects(run('grep', ['-rF', "'/etc/log2table", path.join(root, 'opt/lib/log2table/dist')]), { code: 1 })
  })

  it('brings the service that writes the packet log as text, for each system', async () => {
    const examples = path.join(root, 'opt/share/examples/log2table/pflog')
    for (const file of [
      'freebsd/log2table_pflog',
      'openbsd/log2table_pflog',
      'linux/logrotate',
      'fail2ban/filter.d/log2table_pflog.conf',
    ]) {
      assert.ok(existsSync(path.join(examples, file)), `${file} is missing`)
    }
    await run('test', ['-x', path.join(examples, 'freebsd/log2table_pflog')])
  })

  it('brings the manual pages and the units of systemd', () => {
    const share = path.join(root, 'opt/share')
    assert.deepEqual(readdirSync(path.join(share, 'man'), { recursive: true }).sort(), [
      'man5',
      'man5/log2table-parameters.5',
      'man5/log2table-rules.5',
      'man8',
      'man8/log2table-pflog.8',
      'man8/log2table.8',
    ])
    assert.ok(existsSync(path.join(share, 'examples/log2table/systemd/log2table.service')))
  })

  it('leaves what the user wrote, when it installs again and when it uninstalls', async () => {
    const file = path.join(root, etc, 'parameters.ts')
    await writeFile(file, 'mine')
    await make('install')
    assert.equal(await readFile(file, 'utf8'), 'mine')
    await make('uninstall')
    assert.equal(await readFile(file, 'utf8'), 'mine')
    for (const gone of [
      'opt/bin/log2table',
      'opt/lib/log2table',
      'opt/share/examples/log2table',
      'opt/share/man/man8/log2table.8',
    ]) {
      assert.ok(!existsSync(path.join(root, gone)), `${gone} is still there`)
    }
  })
})

/** The command is to run with the Node that runs this test. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LOG2TABLE_NODE: process.execPath }
}
