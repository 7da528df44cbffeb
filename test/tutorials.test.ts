import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { Output } from '../src/cli/command.ts'
import { commandTree } from '../src/cli/completion/tree.ts'
import { discover } from '../src/cli/init/discovery.ts'
import { filesOf } from '../src/cli/init/files.ts'
import { askPlan, askWhetherToWrite, type Dialogue } from '../src/cli/init/questions.ts'
import { type Site, siteAt } from '../src/cli/init/site.ts'
import { summaryOf } from '../src/cli/init/summary.ts'
import { CONFIGURATION_FOLDER } from '../src/parameters/parameters.ts'
import { type FakeMachine, fakeMachine } from './lib/fake-machines.ts'

const pageOf = (name: string) => readFileSync(resolve(import.meta.dirname, `../docs/tutorial-${name}.md`), 'utf8')
const pages = ['openbsd', 'freebsd', 'debian']

/** The machine of each page, as far as it differs from the one that other tests have. */
const machines: readonly (readonly [page: string, machine: FakeMachine, site: Partial<Site>, without: RegExp])[] = [
  ['openbsd', 'openbsd', {}, /relayd/],
  ['freebsd', 'freebsd', { ask: async () => ({ status: 0, stdout: 'Status: Enabled\n', stderr: '' }) }, /nextcloud/],
  ['debian', 'debian with a journal', { addresses: ['192.0.2.2', '2001:db8::2'] }, /postfix/],
]

const plain: Output = {
  ...{ write() {}, isTerminal: false, width: undefined, height: undefined, hasColour: false },
  closed: new Promise(() => {}),
}

for (const [page, machine, site, without] of machines) {
  test(`the tutorial for ${page} shows init as it is`, async (t) => {
    const whole = siteAt(fakeMachine(t, machine))
    const pathsOf = (pattern: string) => whole.pathsOf(pattern).filter((path) => !without.test(path))
    const found = await discover({ ...whole, pathsOf, ...site }, '198.51.100.7 50000 192.0.2.2 22')
    const lines: string[] = summaryOf(found, plain).split('\n')
    const dialogue: Dialogue = {
      async answerTo(question) {
        lines.push(question.trimEnd())
        return ''
      },
      say: (text) => lines.push(text.trimEnd()),
    }
    const plan = await askPlan(found, dialogue)
    const names = filesOf(plan!).map(({ name }) => name)
    await askWhetherToWrite(names, CONFIGURATION_FOLDER, dialogue)
    const [, shown = ''] = /\n {4}# log2table init\n((?: {4}.*\n|\n(?= {4}))*)/.exec(pageOf(page)) ?? []
    assert.deepEqual(shown.replaceAll(/^ {4}/gm, '').trimEnd().split('\n'), lines)
  })
}

test('the tutorials name no command and no option that is not there', async () => {
  const commands = await commandTree()
  for (const page of pages) {
    const lines = [...pageOf(page).matchAll(/(?:# |`)log2table ([a-z]+)([^`\n]*)/g)]
    assert.ok(lines.length > 7, page)
    for (const [line, name, rest = ''] of lines) {
      const command = commands.find((one) => one.name === name)
      assert.ok(command, line)
      const flags = command.options.flatMap((option) => option.flags)
      for (const flag of rest.match(/(?<= )--[a-z-]+/g) ?? []) assert.ok(flags.includes(flag), line)
    }
  }
})
