import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { commandTree } from '../src/cli/completion/tree.ts'
import { patternKeys } from '../src/matching/pattern.ts'
import { assertGolden } from './lib/golden.ts'
import { commandsInMdoc } from './lib/mdoc.ts'
import { needs, program } from './lib/programs.ts'

const folder = resolve(import.meta.dirname, '../packaging/man')
const pages = readdirSync(folder)
const pageOf = (name: string) => readFileSync(resolve(folder, name), 'utf8')

test('log2table(8) has the commands as they are; GOLDEN=write makes them anew', async () => {
  const commands = await commandsInMdoc()
  const page = pageOf('log2table.8').replace(/(?<=\n\.\\" begin of what.*\n)(?:.*\n)*?(?=\.\\" end of what)/, () => commands)
  assertGolden(page, '../../packaging/man/log2table.8')
})

/** What a reader sees, without line breaks of its own. */
function textOf(page: string): string {
  const { stdout } = spawnSync(program('mandoc'), ['-T', 'utf8', '-O', 'width=1000', resolve(folder, page)], { encoding: 'utf8' })
  // Bold is printed as a letter over itself.
  return stdout.replaceAll(/.\u0008/g, '')
}

test('every option of every command is in its page', { skip: needs(['mandoc']) }, async () => {
  const text = textOf('log2table.8')
  for (const { name, options } of await commandTree()) {
    const part = new RegExp(`\\n {5}${name}(?: .*)?\\n(?: {6}.*\\n|\\n)*`).exec(text)?.[0]
    assert.ok(part, name)
    for (const flag of options.flatMap(({ flags }) => flags)) {
      const isEverywhere = ['--socket', '--help', '-h'].includes(flag)
      assert.ok((isEverywhere ? text : part).includes(flag), `${flag} of ${name}`)
      if (name === 'pflog' && !isEverywhere) assert.ok(textOf('log2table-pflog.8').includes(flag), flag)
    }
  }
})

test('every key of the configuration is in log2table-parameters(5), every member of a rule in log2table-rules(5)', {
  skip: needs(['mandoc']),
}, () => {
  const keysOf = (file: string, type: string) => {
    const source = readFileSync(resolve(import.meta.dirname, '../src', file), 'utf8')
    const [, body = ''] = new RegExp(`\\n(?:export )?(?:abstract class|interface) ${type}\\b.*\\n([^]*?)\\n}`).exec(source) ?? []
    return [...body.matchAll(/^ {2}(?:readonly |abstract )?(\w+)\??(?:\(|:)/gm)].map(([, key]) => key!)
  }
  const named = (page: string, keys: readonly string[]) => {
    assert.ok(keys.length > 0)
    const words = new Set(textOf(page).match(/\w+/g))
    assert.deepEqual(
      keys.filter((key) => !words.has(key)),
      [],
    )
  }
  named('log2table-parameters.5', keysOf('parameters/parameters.ts', 'Parameters'))
  named('log2table-parameters.5', keysOf('parameters/channels.ts', 'NotifyParameters'))
  named('log2table-parameters.5', keysOf('parameters/channels.ts', 'MailOptions'))
  named('log2table-parameters.5', keysOf('rules/hackers.ts', 'HackersOptions'))
  named('log2table-parameters.5', keysOf('rules/wifi-temp.ts', 'WifiTempOptions'))
  named('log2table-parameters.5', patternKeys)
  named('log2table-rules.5', keysOf('rules/generic.ts', 'Generic'))
  named('log2table-rules.5', keysOf('rules/generic.ts', 'ScoredHit'))
  named('log2table-rules.5', keysOf('rules/generic.ts', 'Outcome'))
})

for (const page of pages) {
  test(`mandoc finds nothing wrong with ${page}`, { skip: needs(['mandoc']) }, () => {
    const { status, stdout, stderr } = spawnSync(program('mandoc'), ['-T', 'lint', '-W', 'style', page], {
      cwd: folder,
      encoding: 'utf8',
    })
    // Pages of other systems than the one it runs on are not there to be found, and we are not part of an operating system.
    const said = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line !== '' && !/referenced manual not found|RCS id missing/.test(line))
    assert.deepEqual({ said, isWell: status !== null && status < 4 }, { said: [], isWell: true })
  })
}
