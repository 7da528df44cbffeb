import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { program } from './programs.ts'

/** What `createEnclosure` runs; for `needs`. */
export const ENCLOSURE_PROGRAMS = ['unshare', 'nsenter', 'mount', 'ip'] as const

/** Mounts and a network of its own, gone with the test: disks can be small there, programs missing, firewalls ours. */
export interface Enclosure {
  /** The same command, to be run inside. */
  inside(argv: readonly string[]): readonly string[]
  /** Where a path of the inside is to be found from outside. */
  pathOf(path: string): string
}

/** `mounts` are the arguments of `mount`, each a call of it. */
export async function createEnclosure(t: TestContext, mounts: readonly (readonly string[])[]): Promise<Enclosure> {
  const isRoot = process.getuid?.() === 0
  const quoted = (words: readonly string[]) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const steps = [...mounts.map((words) => [program('mount'), ...words]), [program('ip'), 'link', 'set', 'lo', 'up']]
  const script = `${steps.map(quoted).join(' && ')} && echo ready && exec cat`
  const user = isRoot ? [] : ['--user', '--map-root-user']
  const holder = spawn(program('unshare'), [...user, '--mount', '--net', '--', '/bin/sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(holder, 'exit')
  t.after(async () => {
    holder.stdin.end()
    await ended
  })
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => {
      throw new Error(`${script} failed`)
    }),
  ])
  const enter = [
    program('nsenter'),
    '-t',
    String(holder.pid),
    ...(isRoot ? [] : ['-U', '--preserve-credentials']),
    '-m',
    '-n',
    '--',
  ]
  return {
    inside: (argv) => [...enter, ...argv],
    pathOf: (path) => `/proc/${holder.pid}/root${path}`,
  }
}
