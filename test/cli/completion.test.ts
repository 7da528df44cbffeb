import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { commandTree } from '../../src/cli/completion/tree.ts'
import { needs, program } from '../lib/programs.ts'
import { failed, log2table } from './session.ts'

const folder = mkdtempSync(join(tmpdir(), 'log2table-completion-'))
after(() => rmSync(folder, { recursive: true }))

const commands = await commandTree()

/** The script for a shell, as a file. */
async function scriptFor(shell: string): Promise<string> {
  const { status, stdout } = await log2table(`completion ${shell}`)
  assert.equal(status, exitStatus.done)
  const file = join(folder, shell)
  writeFileSync(file, stdout)
  // Two bans, as the scripts ask for them.
  writeFileSync(join(folder, 'log2table'), `#!/bin/sh\n[ "$1" = bans ] && printf '192.0.2.7\\tx\\n2001:db8::/64\\tx\\n'\n`, {
    mode: 0o755,
  })
  return file
}

const env = { HOME: folder, PATH: `${folder}:${process.env.PATH}`, LC_ALL: 'C' }
const lines = (text: string) => text.split('\n').filter((line) => line !== '')

test('bash completes commands, options of each command, and what a command takes', { skip: needs(['bash']) }, async () => {
  const script = await scriptFor('bash')
  const completed = (...words: readonly string[]) => {
    const code = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _log2table; printf '%s\\n' "\${COMPREPLY[@]}"`
    return lines(
      execFileSync(program('bash'), ['--norc', '-c', code, 'bash', script, 'log2table', ...words], { env, encoding: 'utf8' }),
    )
  }
  assert.deepEqual(completed('of'), ['offenders'])
  for (const { name, options } of commands) {
    assert.deepEqual(
      completed(name, '-'),
      options.flatMap(({ flags }) => flags),
    )
  }
  assert.deepEqual(completed('unban', ''), ['192.0.2.7', '2001:db8::/64'])
  assert.deepEqual(completed('--socket', '/run/x', 'completion', 'k'), ['ksh'])
  assert.deepEqual(completed('help', 'vers'), ['version'])
  assert.deepEqual(completed('run', '--config', '-'), [], 'the value of an option is a file')
})

test('fish completes commands, options of each command, and what a command takes', { skip: needs(['fish']) }, async () => {
  const script = await scriptFor('fish')
  // Unpacked, fish does not find its own functions.
  const functions = resolve(import.meta.dirname, '../../.tools/debian/usr/share/fish/functions')
  const begin = `set -a fish_function_path ${functions}; source ${script}`
  const asked = commands.map(({ name }) => `echo "# ${name}"; complete -C "log2table ${name} --"`).join('; ')
  const fish = (code: string) =>
    lines(execFileSync(program('fish'), ['--no-config', '-C', begin, '-c', code], { env, encoding: 'utf8' })).map(
      (line) => line.split('\t')[0],
    )
  assert.deepEqual(fish('complete -C "log2table of"'), ['offenders'])
  const wanted = commands.flatMap(({ name, options }) => [
    `# ${name}`,
    ...options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--'))).sort(),
  ])
  assert.deepEqual(fish(asked), wanted)
  assert.deepEqual(fish('complete -C "log2table unban "'), ['192.0.2.7', '2001:db8::/64'])
  assert.deepEqual(fish('complete -C "log2table completion k"'), ['ksh'])
})

test('zsh is given each option with its description', { skip: needs(['zsh']) }, async () => {
  const script = await scriptFor('zsh')
  const modules = resolve(import.meta.dirname, '../../.tools/debian/usr/lib/x86_64-linux-gnu/zsh/5.9')
  const code = `
    [[ ! -d ${modules} ]] || module_path=(${modules})
    compdef() { }
    compadd() { print -rl -- "\${(@P)2}" }
    _describe() { print -rl -- $commands }
    asked=$2
    _arguments() {
      if [[ $1 == -C ]]; then state=arguments line=($asked); else print -rl -- "$@"; fi
    }
    source $1
    _log2table`
  const zsh = (name: string) =>
    lines(execFileSync(program('zsh'), ['-f', '-c', code, 'zsh', script, name], { env, encoding: 'utf8' }))
  for (const { name, options } of commands) {
    const specs = zsh(name)
    for (const flag of options.flatMap(({ flags }) => flags)) {
      assert.ok(
        specs.some((spec) => spec.replace(/^\([^)]*\)/, '').startsWith(`${flag}[`)),
        `${flag} of ${name} in ${specs.join('\n')}`,
      )
    }
  }
  assert.ok(zsh('unban').includes('*:address:_log2table_banned'))
})

test("the script for OpenBSD's ksh is read by a Korn shell, and names all commands and options", {
  skip: needs(['mksh']),
}, async () => {
  const code = `. "$1"; print -r -- \${complete_log2table_1[*]}; print -r -- \${complete_log2table[*]}`
  const [first = '', others = ''] = lines(
    execFileSync(program('mksh'), ['-c', code, 'mksh', await scriptFor('ksh')], { env, encoding: 'utf8' }),
  )
  assert.deepEqual(first.split(' '), [...commands.map(({ name }) => name), '--socket', '--help'])
  const flags = new Set(commands.flatMap(({ options }) => options.flatMap((option) => option.flags)))
  assert.deepEqual(others.split(' '), [...flags].sort())
})

test('a shell that is not known is refused', async () => {
  assert.deepEqual(
    await log2table('completion tcsh'),
    failed(exitStatus.usage, 'completion needs one of bash, fish, ksh, zsh, and there is "tcsh"'),
  )
})
