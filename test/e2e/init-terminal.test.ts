import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { loadConfiguration } from '../../src/parameters/load.ts'
import { type FakeMachine, fakeMachine } from '../lib/fake-machines.ts'
import { assertGolden } from '../lib/golden.ts'
import { needs } from '../lib/programs.ts'
import { openTerminal, TERMINAL_PROGRAMS } from '../lib/terminal.ts'

const command = resolve(import.meta.dirname, '../../bin/log2table')

/** `log2table init` at work on a machine, in a terminal that somebody came to from elsewhere. */
async function startInit(t: TestContext, name: FakeMachine) {
  const root = fakeMachine(t, name)
  const terminal = await openTerminal(t, {
    argv: [command, 'init', '--root', root],
    columns: 160,
    rows: 50,
    env: { LOG2TABLE_NODE: process.execPath, SSH_CONNECTION: '198.51.100.7 50000 192.0.2.1 22', NO_COLOR: '1' },
  })
  return {
    root,
    folder: join(root, 'etc/log2table'),
    terminal,
    /** Waits for a question and answers it, or takes what stands in brackets. */
    async answer(question: RegExp, text = ''): Promise<void> {
      const lastOf = (screen: string) => screen.trimEnd().split('\n').at(-1)!
      await terminal.until((screen) => question.test(lastOf(screen)))
      await terminal.type(text)
      const asked = await terminal.until((screen) => lastOf(screen).endsWith(text))
      await terminal.press('Enter')
      await terminal.until((screen) => screen !== asked)
    },
    /** All that was on the screen, where the folder of this test is any. */
    async seen(): Promise<string> {
      return (await terminal.history()).replaceAll(root, 'ROOT')
    },
  }
}

describe('init in a terminal', { skip: needs(TERMINAL_PROGRAMS) }, () => {
  test('asks what only a person knows, again where it does not understand, and writes what check accepts', async (t) => {
    const { root, folder, terminal, answer, seen } = await startInit(t, 'openbsd')
    await answer(/^From where .* \[198\.51\.100\.7\]:$/, '198.51.100/24')
    await answer(/^From where .*:$/, '198.51.100.0/24 2001:db8:7::/64')
    await answer(/^The firewall: .* \[pf\]:$/, 'fp')
    await answer(/^The firewall: .* \[pf\]:$/)
    await answer(/^Spare the proxies that \/etc\/relayd\.conf names\? .* \[yes\]:$/, 'maybe')
    await answer(/^Spare the proxies .*:$/, 'no')
    await answer(/^Propose for life .* \[no\]:$/, 'yes')
    assert.ok(!existsSync(folder))
    await terminal.until(/yes or no \[yes\]:\n$/)
    await terminal.press('Enter')
    assert.equal(await terminal.ended(), exitStatus.done)
    assertGolden(await seen(), 'init/terminal-openbsd.txt')

    assert.deepEqual(readdirSync(folder).sort(), ['commands.json', 'parameters.ts', 'rules.ts'])
    const { configuration, faults } = await loadConfiguration(folder)
    assert.deepEqual(faults, [])
    assert.deepEqual([...configuration!.keptFiles], [['blockips', '/etc/blockips']])
    const text = readFileSync(join(root, 'etc/log2table/parameters.ts'), 'utf8')
    assert.match(text, /^ {2}ignore: \['198\.51\.100\.0\/24', '2001:db8:7::\/64'\],$/m)
    assert.doesNotMatch(text, /proxies/)
  })

  test('takes what it found where somebody only presses Enter', async (t) => {
    const { folder, terminal, answer } = await startInit(t, 'freebsd')
    for (const question of [/^From where /, /^The firewall: .* \[ipfw\]:$/, /^Spare /, /^Propose /]) await answer(question)
    await terminal.until(/yes or no \[yes\]:\n$/)
    await terminal.press('Enter')
    assert.equal(await terminal.ended(), exitStatus.done)
    const { configuration, faults } = await loadConfiguration(folder)
    assert.deepEqual(faults, [])
    assert.deepEqual([configuration!.ignore.networks.length, configuration!.proxies.length], [1, 2])
    assert.deepEqual(readdirSync(folder).sort(), ['parameters.ts', 'rules.ts'])
  })

  const ways: readonly (readonly [way: string, answers: readonly string[], key: string, status: number | null])[] = [
    ['says no at the end', ['', '', ''], 'n', exitStatus.no],
    ['says that there is no more to come (^D)', [''], 'C-d', exitStatus.no],
    ['breaks it off (^C)', [''], 'C-c', null],
  ]
  for (const [way, answers, key, status] of ways) {
    test(`writes nothing where somebody ${way}`, async (t) => {
      const { folder, terminal, answer } = await startInit(t, 'netbsd')
      for (const text of answers) await answer(/\]:$/, text)
      await terminal.press(...(key === 'n' ? ['n', 'Enter'] : [key]))
      assert.equal(await terminal.ended(), status)
      assert.ok(!existsSync(folder))
      assert.doesNotMatch(await terminal.history(), /What is left to do/)
    })
  }
})
