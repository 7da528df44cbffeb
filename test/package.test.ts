import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os, { tmpdir } from 'node:os'
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
  let tarball: string
  let packed: readonly string[]

  before(async () => {
    project = path.join(folder, 'project')
    await mkdir(project)
    await writeFile(path.join(project, 'package.json'), '{ "type": "module", "private": true }')
    // `npm pack` builds first. What the build says would spoil the JSON, so that is asked of the tarball.
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: checkout })
    tarball = path.join(folder, stdout.trim().split('\n').at(-1)!)
    packed = (await run('tar', ['-tzf', tarball])).stdout.trim().split('\n')
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: project })
  })

  it('holds what is needed to run and to write rules, and no tests, sources or native code', () => {
    const has = (file: string) => packed.includes(`package/${file}`)
    for (const file of [
      ...['bin/log2table', 'LICENSE', 'dist/cli/main.js', 'dist/index.d.ts', 'dist/patterns/index.js'],
      ...['examples/parameters.ts', 'packaging/man/log2table.8', 'packaging/openbsd/log2table', 'packaging/freebsd/log2table'],
      ...[
        'packaging/systemd/log2table.service',
        'packaging/docker/compose.yaml',
        'packaging/firewalls/pf.conf',
        'packaging/linux/logrotate',
      ],
    ]) {
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

  it('is a command for the whole machine, with its manual pages', async () => {
    const prefix = path.join(folder, 'prefix')
    await run('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', '--prefer-offline', tarball])
    const { stdout } = await run(path.join(prefix, 'bin/log2table'), ['version'], { env: environment() })
    assert.match(stdout, new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`))
    const pages = (await readdir(path.join(checkout, 'packaging/man'))).map((page) => `man${page.at(-1)}/${page}`)
    for (const page of pages) assert.match(await readFile(path.join(prefix, 'share/man', page), 'utf8'), /^\.Dd /m)
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

  describe('compiled ahead', () => {
    const dist = () => path.join(root, 'opt/lib/log2table/dist')
    const files = () => readdir(path.join(dist(), 'compiled'))
    const TELL = `import { syncBuiltinESMExports } from 'node:module'
      import vm from 'node:vm'
      const { Script } = vm
      vm.Script = class extends Script { constructor(...args) { super(...args); console.log(this.cachedDataRejected) } }
      syncBuiltinESMExports()`
    /** Whether V8 refused what was compiled ahead of the part that `version` needs; 'undefined' where there was nothing for it. */
    async function isRefused(...options: readonly string[]): Promise<string> {
      const tell = `data:text/javascript,${encodeURIComponent(TELL)}`
      const argv = [...options, '--import', tell, path.join(dist(), 'cli/main.js'), 'version']
      const { stdout } = await run(process.execPath, argv)
      const [answer = '', said] = stdout.split('\n')
      assert.match(said!, /^log2table /)
      return answer
    }
    const look = async () =>
      await Promise.all(
        (await files()).map(async (name) => {
          const { mtimeMs, ino, mode, uid } = await stat(path.join(dist(), 'compiled', name))
          return { name, mtimeMs, ino, uid, mode: (mode & 0o777).toString(8) }
        }),
      )

    it('is nothing until an installer does it where the program stays', async () => {
      assert.equal(await isRefused(), 'undefined')
      await assert.rejects(files(), { code: 'ENOENT' })
    })

    it('is taken from then on, by a V8 with other options not, and nobody else writes there', async () => {
      await run(process.execPath, [path.join(dist(), 'parts/keep-compiled.js')])
      const made = await look()
      assert.ok(made.length >= 2)
      for (const { uid, mode } of made) assert.deepEqual({ uid, mode }, { uid: process.getuid!(), mode: '644' })
      assert.equal(await isRefused(), 'false')
      assert.equal(await isRefused('--max-semi-space-size=8'), 'false')
      assert.equal(await isRefused('--stack-size=900'), 'undefined')
      assert.deepEqual(await look(), made)
    })

    it('does no harm where it is damaged', async () => {
      for (const name of await files()) await writeFile(path.join(dist(), 'compiled', name), 'nonsense')
      assert.equal(await isRefused(), 'true')
    })
  })

  it('starts what takes types away for a configuration that has some, and for no other', async () => {
    const said = 'process.on("exit", () => console.log(process.moduleLoadList.some((name) => name.includes("amaro"))))'
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(said)}`
    for (const [text, isStarted] of [
      ["export default 'plain'", 'false'],
      ["export default 'typed' as string", 'true'],
    ]) {
      await writeFile(path.join(folder, 'parameters.ts'), text!)
      const checked = run(path.join(root, 'opt/bin/log2table'), ['check', '--config', folder], {
        env: { ...environment(), NODE_OPTIONS, LOG2TABLE_USER: 'root' },
      })
      await assert.rejects(checked, ({ stdout }) => stdout.trim().split('\n').at(-1) === isStarted)
    }
  })

  it('makes ETCDIR the folder that the program looks in, and that its messages name', async () => {
    const inDist = (text: string) => run('grep', ['-rE', '--include=*.cjs', text, path.join(root, 'opt/lib/log2table/dist')])
    await inDist(`["']${etc}["']`)
    await assert.rejects(inDist(`["' ]/etc/log2table`), { code: 1 })
    await inDist(`["']/opt/share/examples/log2table["']`)
    await assert.rejects(inDist('/usr/local/share/examples/log2table'), { code: 1 })
  })

  it('lets the scripts and units start the command where it is', async () => {
    const example = (file: string) => readFile(path.join(root, 'opt/share/examples/log2table', file), 'utf8')
    assert.match(await example('openbsd/log2table'), /^daemon="\/opt\/bin\/log2table run"$/m)
    assert.match(await example('openbsd/log2table'), / -e \/opt\/state\/accepted\/parameters\.ts /)
    assert.match(await example('freebsd/log2table'), / \/opt\/bin\/log2table"$/m)
    assert.match(await example('freebsd/log2table'), /log2table_config:=\/opt\/etc\/log2table\}/)
    assert.match(await example('systemd/log2table.service'), /^ExecStart=\/opt\/bin\/log2table run /m)
    for (const script of ['openbsd/log2table', 'freebsd/log2table'])
      await run('test', ['-x', path.join(root, 'opt/share/examples/log2table', script)])
  })

  it('brings exactly what docs/install.md lists', async () => {
    const text = await readFile(path.join(checkout, 'docs/install.md'), 'utf8')
    const places = {
      PREFIX: 'opt',
      MANDIR: `opt${['OpenBSD', 'NetBSD'].includes(os.type()) ? '' : '/share'}/man`,
      EXAMPLEDIR: 'opt/share/examples/log2table',
    }
    const listed = [...text.matchAll(/^ {4}(PREFIX|MANDIR|EXAMPLEDIR)(\/\S+)$/gm)].map(
      ([, place, rest]) => `${places[place as keyof typeof places]}${rest}`,
    )
    assert.ok(listed.length > 20)
    const { stdout } = await run('find', ['.', '-not', '-type', 'd'], { cwd: root })
    const unseen = new Set(listed)
    const unlisted = stdout
      .trim()
      .split('\n')
      .filter((found) => {
        const file = found.slice(2)
        const line = listed.find((one) => (one.endsWith('/...') ? file.startsWith(one.slice(0, -3)) : file === one))
        unseen.delete(line ?? '')
        return line === undefined
      })
    assert.deepEqual({ unlisted, unseen: [...unseen] }, { unlisted: [], unseen: [] })
    const mode = async (place: string) => ((await stat(path.join(root, place))).mode & 0o777).toString(8)
    assert.deepEqual([await mode(etc), await mode('opt/state')], ['755', '700'])
  })

  it('leaves what the user wrote, when it installs again and when it uninstalls', async () => {
    const file = path.join(root, etc, 'parameters.ts')
    await writeFile(file, 'mine')
    await make('install')
    assert.equal(await readFile(file, 'utf8'), 'mine')
    await assert.rejects(stat(path.join(root, 'opt/lib/log2table/dist/compiled')), { code: 'ENOENT' })
    await make('uninstall')
    assert.equal(await readFile(file, 'utf8'), 'mine')
    const { stdout } = await run('find', ['.', '-not', '-type', 'd'], { cwd: root })
    assert.deepEqual(stdout.trim().split('\n'), ['./opt/etc/log2table/parameters.ts'])
  })
})

/** The command is to run with the Node that runs this test. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LOG2TABLE_NODE: process.execPath }
}
