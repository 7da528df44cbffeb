import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { configurationFolder } from './lib/configuration-folder.ts'
import { DaemonProcess } from './lib/daemon-process.ts'
import { waitFor } from './lib/wait-for.ts'

const run = promisify(execFile)
const checkout = resolve(import.meta.dirname, '..')
const guide = readFileSync(resolve(checkout, 'docs/rules.md'), 'utf8')

/** The text of a file as the guide has it: the first block of code after its name. */
function fileOf(name: string): string {
  const [, text] = /```\w+\n([\s\S]*?)```/.exec(guide.slice(guide.indexOf(`${name}\``))) ?? []
  return text!
}

const files = {
  'rules.ts': fileOf('rules.ts'),
  'parameters.ts': fileOf('parameters.ts'),
  'commands.json': fileOf('commands.json'),
  'tsconfig.json': fileOf('tsconfig.json'),
}
const example = (/^\{"at":.*\}$/m.exec(guide) ?? [])[0]!

describe('the rule that docs/rules.md teaches', () => {
  test('has its types in a fresh configuration folder, where a wrong word is refused', async (t) => {
    const folder = configurationFolder(t, files)
    const tsc = resolve(checkout, 'node_modules/.bin/tsc')
    await run(tsc, [
      '-p',
      resolve(checkout, 'tsconfig.build.json'),
      '--outDir',
      `${folder}/lib/dist`,
      '--emitDeclarationOnly',
      '--noCheck',
    ])
    writeFileSync(
      `${folder}/tsconfig.json`,
      files['tsconfig.json'].replaceAll('/usr/local/lib/log2table', `${folder}/lib`).replace('{', '{ "exclude": ["lib"],'),
    )
    await run(tsc, ['-p', folder])
    for (const [word, wrong, fault] of [
      ['hit.parameters', 'hit.parametres', /rules\.ts.*'parametres' does not exist/],
      ["kind: 'run', command", "kind: 'run', comand", /rules\.ts.*'comand' does not exist/],
      ['override points(): number {', 'override points(): string {', /rules\.ts.*'points'/],
    ] as const) {
      assert.ok(files['rules.ts'].includes(word))
      writeFileSync(`${folder}/rules.ts`, files['rules.ts'].replace(word, wrong))
      await assert.rejects(run(tsc, ['-p', folder]), ({ stdout }) => fault.test(stdout))
    }
  })

  describe('in a daemon', () => {
    let line: (user: string, address: string) => string
    before(() => {
      line = (user, address) =>
        `Nov 21 09:30:00 gate sshd[4711]: Accepted publickey for ${user} from ${address} port 50022 ssh2\n`
    })

    /** A daemon with the files of the guide; only where things are is changed. */
    function guided(t: Parameters<typeof configurationFolder>[0]) {
      const daemon = new DaemonProcess(t)
      const log = daemon.path('auth.log')
      const told = daemon.path('told')
      const paths = `stateFolder: '${daemon.path('state')}',\n  control: '${daemon.path('run/control.sock')}',\n  tables`
      const parameters = files['parameters.ts']
        .replaceAll('nftables', 'dryRun')
        .replace('tables', paths)
        .replace('/var/log/auth.log', log)
        .replace('/var/log/unbound.log', daemon.path('unbound.log'))
      daemon.provide('tell-me', `echo "$@" >> ${told}.argv; /bin/cat >> ${told}`)
      const write = (name: string, text: string) => writeFileSync(daemon.path(`etc/${name}`), text, { mode: 0o644 })
      write('parameters.ts', parameters)
      write('rules.ts', files['rules.ts'])
      write('commands.json', files['commands.json'].replace('/usr/local/bin', daemon.path('bin')))
      mkdirSync(daemon.path('run'), { recursive: true, mode: 0o755 })
      writeFileSync(log, '')
      // The file is there before anything is in it.
      const tellings = () => (existsSync(told) ? readFileSync(told, 'utf8').split('\n').slice(0, -1) : [])
      const logsIn = (user: string, address: string) => appendFileSync(log, line(user, address))
      const toldOf = (count: number) => waitFor(`${count} tellings`, 10_000, () => tellings().length === count)
      return { daemon, write, tellings, logsIn, toldOf, argv: () => readFileSync(`${told}.argv`, 'utf8') }
    }

    test('runs the command for the first login from an address, with what the guide shows, and no more for the second', async (t) => {
      const { daemon, tellings, logsIn, toldOf, argv } = guided(t)
      await daemon.start()
      for (const user of ['ann', 'ann', 'bob', 'ann']) logsIn(user, '192.0.2.7')
      await toldOf(2)
      logsIn('eve', '2001:db8::5')
      await toldOf(3)
      // The commands for ann and for bob run beside each other.
      const told = tellings()
        .map((text) => JSON.parse(text))
        .sort((a, b) => (a.parameters.user < b.parameters.user ? -1 : 1))
      assert.deepEqual(
        told.map(({ address, parameters }) => [address, parameters.user]),
        [
          ['192.0.2.7', 'ann'],
          ['192.0.2.7', 'bob'],
          ['2001:db8::/64', 'eve'],
        ],
      )
      const at = '2026-11-21T09:30:00.000Z'
      assert.equal(JSON.stringify({ ...told[0], at }), example)
      assert.deepEqual(argv().split('\n').sort().slice(1), ['192.0.2.7', '192.0.2.7', '2001:db8::/64'])
    })

    test('remembers over a restart, and a rule that was changed is in force after HUP', async (t) => {
      const { daemon, write, tellings, logsIn, toldOf } = guided(t)
      await daemon.start()
      logsIn('ann', '192.0.2.7')
      await toldOf(1)
      await daemon.stop()
      await daemon.start()
      logsIn('ann', '192.0.2.7')
      logsIn('bob', '192.0.2.7')
      await toldOf(2)
      write('rules.ts', files['rules.ts'].replace('{ user, service }', "{ user, service, changed: 'yes' }"))
      daemon.hangUp()
      await daemon.says(/^the configuration was loaded again/)
      logsIn('ann', '198.51.100.1')
      await toldOf(3)
      assert.match(tellings()[2]!, /"user":"ann","service":"ssh on the gate","changed":"yes"/)
    })

    for (const [what, fault, said] of [
      ['throws', "if (!kept) throw new Error('not today')", 'Error: not today'],
      ['never comes back', 'while (!kept);', 'it does not come back'],
    ] as const) {
      test(`is quarantined and named when it ${what}, and the others go on`, async (t) => {
        const { daemon, write, logsIn } = guided(t)
        write('rules.ts', files['rules.ts'].replace('const users =', `${fault}\n    const users =`))
        await daemon.start()
        logsIn('ann', '192.0.2.7')
        for (let n = 0; n < 5; n++) {
          appendFileSync(
            daemon.path('auth.log'),
            `Nov 21 09:30:00 gate sshd[${n}]: Failed password for root from 203.0.113.9 port 5 ssh2\n`,
          )
        }
        await daemon.says(new RegExp(`rule places is quarantined: ${said}`))
        await daemon.bans('203.0.113.9')
        const { troubles } = await daemon.troubles()
        assert.ok(troubles.includes(`rule places is quarantined: ${said}`), troubles.join('\n'))
        assert.deepEqual(await daemon.banned(), ['203.0.113.9'])
      })
    }
  })
})
