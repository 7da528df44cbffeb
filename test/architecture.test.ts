import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { describe, it } from 'node:test'

/**
 * Who may import whom. The longest name that fits a file is its row. `own` is the row's own folder, `*` all but cli;
 * `type:` allows types only. Who is `pure` has no I/O, no clock and no chance: what it needs to know, it is told. Of what
 * is not pure it may import types only.
 */
const table = rowsOf(`
  who                       may import                                                           packages                    world
  base                      own                                                                  -                           pure
  base/version              base/our-files                                                       -                           I/O
  lines                     own base core/model                                                  -                           pure
  capture                   own base core/model                                                  -                           pure
  matching                  own base core/model capture                                          @eslint-community/regexpp   pure
  patterns                  own base core/model matching/pattern                                 -                           pure
  core                      own base type:rules                                                  -                           pure
  rules                     own base core/model                                                  -                           pure
  history                   own base core/model type:store/store                                 -                           pure
  firewall                  own base core/model                                                  -                           pure
  firewall/read-protected   own base core/model                                                  -                           I/O
  firewall/keeper-server    own base core/model                                                  -                           I/O
  firewall/keeper-client    own base core/model                                                  -                           I/O
  firewall/runner           base firewall/firewall firewall/file-step                            -                           I/O
  firewall/file-step        base firewall/firewall                                               -                           I/O
  sources                   own base core/model lines capture                                    -                           I/O
  reader                    own base core/model sources                                          -                           I/O
  store                     own base core/model                                                  -                           I/O
  notify                    own base core/model type:firewall                                    nodemailer                  I/O
  parameters                own base core/model lines matching patterns rules firewall sources/index type:notify type:reader  @eslint-community/regexpp   I/O
  import                    own base core/model matching parameters                              -                           I/O
  daemon                    own *                                                                valibot                     I/O
  cli                       own *                                                                commander                   I/O
  index                     base core/model matching rules firewall/firewall parameters          -                           I/O
`)

/** The only files that may be called index.ts: tables of kinds, and what the package exports. */
const indexes = ['index.ts', 'cli/commands/index.ts', 'firewall/index.ts', 'patterns/index.ts', 'sources/index.ts']

const worldly =
  /\b(?:Date\.now|new Date\(\s*\)|Date\(\s*\)|performance\.|Math\.random|set(?:Timeout|Interval|Immediate)|queueMicrotask|process\.|console\.|fetch\(|crypto\.|globalThis)|\bimport\(|\brequire\(|\beval\(|new Function\(/

const src = path.resolve(import.meta.dirname, '../src')
const files = globSync('**/*.ts', { cwd: src })
  .filter((file) => !/\.test(?:ing)?\.ts$/.test(file))
  .sort()

describe('who may import whom', () => {
  for (const file of files) {
    it(file, () => assert.deepEqual(faultsOf(file, readFileSync(path.join(src, file), 'utf8')), []))
  }

  it('index.ts is only where it is a table of kinds', () => {
    const found = files.filter((file) => path.basename(file) === 'index.ts')
    assert.deepEqual(
      found.filter((file) => !indexes.includes(file)),
      [],
    )
  })
})

it('only base/our-files knows where a module lies: they are joined when the package is built', () => {
  const found = files.filter((file) => /import\.meta\b/.test(withoutWords(readFileSync(path.join(src, file), 'utf8'))))
  assert.deepEqual(found, ['base/our-files.ts'])
})

describe('the check itself', () => {
  it('refuses what the table does not allow', () => {
    const faults = (file: string, ...lines: string[]) => faultsOf(file, lines.join('\n'))
    assert.deepEqual(faults('core/core.ts', "import { open } from '../store/sqlite.ts'"), ['may not import store/sqlite'])
    assert.deepEqual(faults('core/core.ts', "import { Hackers } from '../rules/hackers.ts'"), [
      'may import only types of rules/hackers',
    ])
    assert.deepEqual(faults('core/core.ts', "import type { Hackers } from '../rules/hackers.ts'"), [])
    assert.deepEqual(faults('firewall/pf.ts', 'import {', '  run,', "} from './runner.ts'"), [
      'is pure, and imports firewall/runner',
    ])
    assert.deepEqual(faults('firewall/keeper.ts', "import type { Runner } from './runner.ts'"), [])
    assert.deepEqual(faults('firewall/runner.ts', "import { plan } from './plan.ts'"), ['may not import firewall/plan'])
    assert.deepEqual(faults('daemon/daemon.ts', "export * from '../cli/main.ts'"), ['may not import cli/main'])
    assert.deepEqual(faults('rules/generic.ts', "import 'node:fs'"), ['is pure, and imports node:fs'])
    assert.deepEqual(faults('store/sqlite.ts', "import { sqlite } from 'better-sqlite3'"), ['may not import better-sqlite3'])
    assert.deepEqual(faults('base/log.ts', "import { x } from '../../test/lib/x.ts'"), ['may not import ../test/lib/x'])
    assert.deepEqual(faults('other/file.ts', ''), ['has no row in the table'])
  })

  it('refuses the clock, chance and loading in what is pure, and does not mistake words for it', () => {
    for (const code of ['Date.now()', 'new Date()', 'Math.random()', 'setTimeout(f, 1)', "await import('x')", 'process.pid']) {
      assert.deepEqual(faultsOf('core/core.ts', `const x = ${code}`).length, 1, code)
      assert.deepEqual(faultsOf('daemon/daemon.ts', `const x = ${code}`), [], code)
    }
    assert.deepEqual(faultsOf('core/core.ts', "const x = new Date(at) // not Date.now()\nconst y = 'Math.random()'"), [])
  })
})

interface Row {
  readonly who: string
  readonly may: readonly string[]
  readonly packages: readonly string[]
  readonly isPure: boolean
}

function rowsOf(text: string): Row[] {
  const [, ...lines] = text.trim().split('\n')
  return lines.map((line) => {
    const [who = '', may = '', packages = '', world = ''] = line.trim().split(/\s{2,}/)
    assert.match(world, /^(?:pure|I\/O)$/, `a row of the table cannot be read: ${line}`)
    return { who, may: may.split(' '), packages: packages.split(' '), isPure: world === 'pure' }
  })
}

function faultsOf(file: string, text: string): string[] {
  const name = file.replace(/\.ts$/, '')
  const row = rowOf(name)
  if (!row) return ['has no row in the table']
  const faults: string[] = []
  for (const { from, typesOnly } of importsOf(text)) {
    const fault = from.startsWith('.')
      ? faultOfOurs(row, path.posix.join(path.posix.dirname(name), from).replace(/\.ts$/, ''), typesOnly)
      : faultOfForeign(row, from)
    if (fault) faults.push(fault)
  }
  const found = row.isPure ? worldly.exec(withoutWords(text)) : null
  if (found) faults.push(`is pure, and says ${found[0]}`)
  return faults
}

function faultOfOurs(row: Row, target: string, typesOnly: boolean): string | undefined {
  const own = row.who.split('/')[0]!
  const allows = (item: string) =>
    item === 'own' ? isWithin(target, own) : item === '*' ? !/^(?:cli|\.\.)(?:\/|$)/.test(target) : isWithin(target, item)
  if (row.may.some(allows)) {
    return row.isPure && !typesOnly && rowOf(target)?.isPure === false ? `is pure, and imports ${target}` : undefined
  }
  const typesAllowed = row.may.some((item) => item.startsWith('type:') && isWithin(target, item.slice('type:'.length)))
  if (typesAllowed) return typesOnly ? undefined : `may import only types of ${target}`
  return `may not import ${target}`
}

function faultOfForeign(row: Row, from: string): string | undefined {
  if (!from.startsWith('node:') && !builtinModules.includes(from)) {
    return row.packages.includes(from) ? undefined : `may not import ${from}`
  }
  return row.isPure ? `is pure, and imports ${from}` : undefined
}

function rowOf(name: string): Row | undefined {
  return table.filter(({ who }) => isWithin(name, who)).sort((a, b) => b.who.length - a.who.length)[0]
}

function isWithin(target: string, folder: string): boolean {
  return target === folder || target.startsWith(`${folder}/`)
}

/** Every import and re-export that is a statement; the formatter puts each at the beginning of a line. */
function importsOf(text: string): { from: string; typesOnly: boolean }[] {
  const statement = /^(?:import|export)\s+(?:(type)\s+)?(?:[\w*{][^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
  return [...text.matchAll(statement)].map((found) => ({ from: found[2]!, typesOnly: found[1] !== undefined }))
}

/** The code without its comments and strings (what stands in a template's \${} goes too). */
function withoutWords(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/g, "''")
}
