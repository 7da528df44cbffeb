import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { ENGINE_UID, KEEPER_UID, noProcesses, Processes, READER_UID } from '../lib/processes.ts'
import { needs, program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'

const folder = resolve(import.meta.dirname, '../../packaging/systemd')
const services = readdirSync(folder).filter((file) => file.endsWith('.service'))
const text = (file: string) => readFileSync(resolve(folder, file), 'utf8')
const valuesOf = (file: string, key: string) =>
  [...text(file).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value)

/** The system calls of a set such as `@system-service`. */
function callsOf(set: string): ReadonlySet<string> {
  const argv = ['syscall-filter', '--no-pager', set]
  const lines = execFileSync(program('systemd-analyze'), argv, { encoding: 'utf8' }).split('\n').slice(1)
  const names = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  return new Set(names.flatMap((name) => (name.startsWith('@') ? [...callsOf(name)] : [name])))
}

/** As systemd-analyze counts exposure: 0 is none, 10 is all. */
const EXPOSURE_MAX = 2.0

describe('the systemd units', () => {
  test('there are three services, each with a user of its own, which sysusers makes', () => {
    assert.deepEqual(services, ['log2table-keeper.service', 'log2table-reader.service', 'log2table.service'])
    const users = services.flatMap((file) => valuesOf(file, 'User'))
    assert.deepEqual(users, ['log2table-keeper', 'log2table-reader', 'log2table'])
    const made = [...text('log2table.sysusers').matchAll(/^u (\S+) /gm)].map(([, user]) => user)
    assert.deepEqual(made.sort(), users.sort())
  })

  test('the keeper may change the firewall, the reader read files, and neither anything else; the engine may do nothing', () => {
    for (const key of ['AmbientCapabilities', 'CapabilityBoundingSet'])
      assert.deepEqual(valuesOf('log2table-reader.service', key), ['CAP_DAC_READ_SEARCH'])
    assert.deepEqual(valuesOf('log2table-keeper.service', 'AmbientCapabilities'), ['CAP_NET_ADMIN'])
    assert.deepEqual(valuesOf('log2table-keeper.service', 'CapabilityBoundingSet'), ['CAP_NET_ADMIN'])
    assert.deepEqual(valuesOf('log2table.service', 'AmbientCapabilities'), [])
    assert.deepEqual(valuesOf('log2table.service', 'CapabilityBoundingSet'), [''])
  })

  test('they meet at the same sockets, which only the engine may open', () => {
    for (const one of ['keeper', 'reader']) {
      const [path] = valuesOf(`log2table-${one}.socket`, 'ListenStream')
      assert.ok(valuesOf('log2table.service', 'ExecStart')[0]!.includes(`--${one} ${path} `))
      assert.deepEqual(valuesOf(`log2table-${one}.socket`, 'SocketUser'), valuesOf('log2table.service', 'User'))
      assert.deepEqual(valuesOf(`log2table-${one}.socket`, 'SocketMode'), ['0600'])
    }
  })

  test('the reader is started by its socket alone', () => {
    assert.doesNotMatch(text('log2table-reader.service'), /^\[Install\]/m)
    assert.match(text('log2table-reader.socket'), /^WantedBy=sockets\.target$/m)
  })

  test('each allows all system calls that its process makes', {
    skip: noProcesses() || needs(['systemd-analyze', 'strace']),
  }, async (t) => {
    for (const file of services)
      assert.deepEqual(valuesOf(file, 'SystemCallFilter'), ['@system-service', '~@privileged @resources'])
    const denied = callsOf('@privileged').union(callsOf('@resources'))
    const allowed = callsOf('@system-service').union(callsOf('@default')).difference(denied)
    const scene = await Processes.create(t, { isTraced: true, isLogClosed: true })
    await scene.startKeeper()
    await scene.startReader()
    scene.startEngine()
    await scene.engineRuns()
    scene.log(['bad 192.0.2.1 1', 'bad 192.0.2.1 2'])
    await waitFor('it is banned', 30_000, async () => (await scene.held()).includes('192.0.2.1'))
    await scene.run('reload')
    await scene.isRight()
    for (const uid of [KEEPER_UID, ENGINE_UID, READER_UID]) {
      const made = scene.systemCalls(uid)
      assert.ok(made.size > 40, `${made.size} system calls were seen`)
      assert.deepEqual([...made.difference(allowed)], [])
    }
  })

  for (const file of services) {
    test(`${file} is exposed no more than ${EXPOSURE_MAX}`, { skip: needs(['systemd-analyze']) }, (t) => {
      const argv = ['security', '--offline=true', '--no-pager', resolve(folder, file)]
      const said = execFileSync(program('systemd-analyze'), argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      const level = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(said)?.[1])
      t.diagnostic(`exposure ${level}`)
      assert.ok(level <= EXPOSURE_MAX, `${level}`)
    })
  }
})
