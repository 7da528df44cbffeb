import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { program } from './programs.ts'

/** What `createNamespace` runs; for `needs`. */
export const NAMESPACE_PROGRAMS = ['unshare', 'nsenter', 'ip'] as const

/** A network of its own: interfaces, routes and firewall. It ends with the process that made it, at the latest. */
export interface Namespace {
  /** A process that lives inside. */
  readonly pid: number
  /** The same command, to be run inside. */
  inside(argv: readonly string[]): string[]
  /** Runs a command inside; throws where it fails. */
  run(argv: readonly string[], stdin?: string): Promise<string>
  /** A folder with commands of these names that run inside, for the PATH of a runner. */
  folderOf(names: readonly string[]): string
  close(): Promise<void>
}

/**
 * A new network namespace with loopback up. Not root, it is made in a user namespace; one that is to be joined to another
 * by `connect` must then share the other's.
 */
export async function createNamespace(beside?: Namespace): Promise<Namespace> {
  const isRoot = process.getuid?.() === 0
  const unshare = [program('unshare'), ...(isRoot || beside ? [] : ['--user', '--map-root-user']), '--net']
  const holder = [...unshare, '--', 'sh', '-c', 'echo ready; exec cat']
  const argv = beside && !isRoot ? enter(beside.pid, ['-U', '--preserve-credentials'], holder) : holder
  const child: ChildProcess = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  const pid = child.pid!
  const folders: string[] = []
  const flags = isRoot ? ['-n'] : ['-U', '--preserve-credentials', '-n']
  const namespace: Namespace = {
    pid,
    inside: (command) => enter(pid, flags, command),
    run: (command, stdin) => execute(enter(pid, flags, command), stdin),
    folderOf(names) {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-namespace-'))
      folders.push(folder)
      for (const name of names) {
        const file = path.join(folder, name)
        writeFileSync(file, `#!/bin/sh\nexec ${enter(pid, flags, [program(name)]).join(' ')} "$@"\n`)
        chmodSync(file, 0o755)
      }
      return folder
    },
    async close() {
      const ended = once(child, 'exit')
      child.stdin!.end()
      await ended
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
  await namespace.run([program('ip'), 'link', 'set', 'lo', 'up'])
  return namespace
}

/** One end of a cable between two namespaces. */
export interface Plug {
  readonly namespace: Namespace
  readonly interface: string
  /** With their lengths: `192.0.2.1/24`, `2001:db8::1/64`. */
  readonly addresses: readonly string[]
}

/** Joins two namespaces by a pair of interfaces. */
export async function connect(a: Plug, b: Plug): Promise<void> {
  const ip = program('ip')
  const peer = ['peer', 'name', b.interface, 'netns', String(b.namespace.pid)]
  await a.namespace.run([ip, 'link', 'add', a.interface, 'type', 'veth', ...peer])
  for (const { namespace, interface: name, addresses } of [a, b]) {
    for (const address of addresses) {
      const noWait = address.includes(':') ? ['nodad'] : []
      await namespace.run([ip, 'address', 'add', address, 'dev', name, ...noWait])
    }
    await namespace.run([ip, 'link', 'set', name, 'up'])
  }
}

function enter(pid: number, flags: readonly string[], argv: readonly string[]): string[] {
  return [program('nsenter'), '-t', String(pid), ...flags, '--', ...argv]
}

function execute(argv: readonly string[], stdin = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(argv[0]!, argv.slice(1), { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${argv.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin!.on('error', () => {})
    child.stdin!.end(stdin)
  })
}
