import assert from 'node:assert/strict'
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { createEnclosure, ENCLOSURE_PROGRAMS, type Enclosure } from '../lib/enclosure.ts'
import { needs, program } from '../lib/programs.ts'
import { runToEnd } from '../lib/running.ts'
import { waitFor } from '../lib/wait-for.ts'

/** Where the daemon looks for nft after the folders of its own PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
/** Long enough that a message a second would show. */
const TROUBLE_MS = 3_000
/** The pauses between tries have grown to some seconds by then, and nft has to do its work. */
const AGAIN_MS_MAX = 15_000

/** A daemon with nftables in a network of its own, where nft is whatever the test says. */
class Scene {
  readonly daemon: DaemonProcess
  readonly #nft: string
  #enclosure: Enclosure | undefined

  constructor(t: TestContext) {
    this.daemon = new DaemonProcess(t, { dialect: 'nftables', around: (argv) => this.#enclosure!.inside(argv) })
    this.#nft = this.daemon.path('nft')
    // Under another name, so that the machine's own can be hidden.
    copyFileSync(program('nft'), this.#nft)
    writeFileSync(this.daemon.path('other.log'), '')
  }

  static async create(t: TestContext): Promise<Scene> {
    const scene = new Scene(t)
    const installed = SYSTEM_FOLDERS.map((folder) => `${folder}/nft`).filter((file) => existsSync(file))
    scene.#enclosure = await createEnclosure(
      t,
      installed.map((file) => ['--bind', '/dev/null', file]),
    )
    return scene
  }

  /** From now on this is nft; undefined for none at all. */
  break(script: string | undefined): void {
    if (script === undefined) rmSync(this.daemon.path('bin/nft'), { force: true })
    else this.daemon.provide('nft', script)
  }

  mend(): void {
    this.daemon.provide('nft', `exec ${this.#nft} "$@"`)
  }

  /** Who is in the set of single IPv4 addresses, by the kernel's account. */
  async held(): Promise<readonly string[]> {
    const argv = this.#enclosure!.inside([this.#nft, 'list', 'set', 'inet', 'log2table', 'bad_ip_v4'])
    const { stdout } = await runToEnd(argv, { withinMs: 10_000 })
    return [...stdout.matchAll(/\b\d+\.\d+\.\d+\.\d+\b/g)].map(([address]) => address).sort()
  }

  async holds(addresses: readonly string[]): Promise<void> {
    let held: readonly string[] = []
    await waitFor(
      () => `the set holds ${addresses}; it holds ${held}`,
      AGAIN_MS_MAX,
      async () => {
        held = await this.held()
        return String(held) === String(addresses)
      },
    )
  }

  get errors(): readonly string[] {
    return this.daemon.said.filter((text) => text.startsWith('error: '))
  }
}

const faults = [
  {
    what: 'that is not installed',
    script: undefined,
    reason: 'nft is not installed; install the package nftables',
  },
  {
    what: 'that may not change the firewall',
    script: 'echo "Operation not permitted (you must be root)" >&2; exit 1',
    reason: 'nft may not change the firewall; run as root or with the capability CAP_NET_ADMIN',
  },
  {
    what: 'that fails',
    script: 'echo "Error: \x1b[2Jout of luck" >&2; exit 3',
    reason: 'nft -f -: exit status 3: Error: \\x1b[2Jout of luck',
  },
  {
    what: 'that is killed',
    script: 'kill -KILL $$',
    reason: 'nft -f -: ended by SIGKILL',
  },
  {
    what: 'that prints without end',
    script: 'exec yes',
    reason: 'nft -f -: printed more than 64 MiB',
  },
  {
    what: 'that complains without end',
    script: 'exec yes >&2',
    reason: 'nft -f -: printed more than 64 MiB: y y y',
  },
]

const skip = needs([...ENCLOSURE_PROGRAMS, 'nft'])

describe('an nft', { skip, concurrency: 4 }, () => {
  for (const { what, script, reason } of faults) {
    test(`${what} is told once, stops no decision, and all is in force soon after it is mended`, async (t) => {
      const scene = await Scene.create(t)
      const { daemon } = scene
      scene.break(script)
      await daemon.start()
      daemon.misbehave('203.0.113.1')
      await daemon.bans('203.0.113.1')
      await daemon.says(/^error: /)
      assert.deepEqual(await daemon.run('ban 203.0.113.2 --for life'), {
        status: 69,
        stdout: 'banned 203.0.113.2 in bad_ip for life\n',
        stderr: `log2table: not in force yet: table bad_ip: ${reason}\n`,
      })
      await sleep(TROUBLE_MS)
      assert.deepEqual(scene.errors, [`error: table bad_ip: not enforcing: ${reason}`])
      assert.deepEqual(await daemon.troubles(), {
        status: 1,
        troubles: [`table bad_ip (nftables) is not enforcing: 0 of 2 entries are in force: ${reason}`],
      })
      assert.deepEqual(await daemon.banned(), ['203.0.113.1', '203.0.113.2'])

      scene.mend()
      await scene.holds(['203.0.113.1', '203.0.113.2'])
      await daemon.says(/^table bad_ip: enforcing again after \d+\.\d s$/)
      await waitFor('all is well', AGAIN_MS_MAX, async () => (await daemon.troubles()).status === 0)

      scene.break(script)
      const { status, stdout, stderr } = await daemon.run('unban 203.0.113.1')
      assert.deepEqual({ status, stdout }, { status: 69, stdout: 'unbanned 203.0.113.1 in bad_ip (hackers)\n' })
      assert.match(stderr, /^log2table: not in force yet: table bad_ip: (?:nft .*|the firewall has not answered yet)\n$/)
      scene.mend()
      await scene.holds(['203.0.113.2'])
      assert.equal((await daemon.run('ban 203.0.113.3')).status, 0)
      await scene.holds(['203.0.113.2', '203.0.113.3'])
    })
  }

  test('that hangs is killed in the end; meanwhile decisions and answers go on', async (t) => {
    const scene = await Scene.create(t)
    const { daemon } = scene
    scene.mend()
    await daemon.start()
    daemon.misbehave('203.0.113.1')
    await scene.holds(['203.0.113.1'])
    scene.break('exec sleep 1000')
    assert.deepEqual(await daemon.run('ban 203.0.113.2 --for life'), {
      status: 69,
      stdout: 'banned 203.0.113.2 in bad_ip for life\n',
      stderr: 'log2table: not in force yet: table bad_ip: the firewall has not answered yet\n',
    })
    daemon.misbehave('203.0.113.3')
    await daemon.bans('203.0.113.3')
    await daemon.says(/^error: table bad_ip: not enforcing: nft .*: killed after 10s$/)
    const { status, troubles } = await daemon.troubles()
    assert.equal(status, 1)
    assert.match(
      troubles[0]!,
      /^table bad_ip \(nftables\) is not enforcing: 1 of 3 entries are in force: nft .*: killed after 10s$/,
    )
    scene.mend()
    await scene.holds(['203.0.113.1', '203.0.113.2', '203.0.113.3'])
    assert.equal(scene.errors.length, 1)
  })

  test('that hangs does not keep the daemon from ending, and what was decided is in force after the next start', async (t) => {
    const scene = await Scene.create(t)
    const { daemon } = scene
    scene.break('exec sleep 1000')
    await daemon.start()
    daemon.misbehave('203.0.113.1')
    await daemon.bans('203.0.113.1')
    const began = performance.now()
    assert.equal(await daemon.stop(), 0)
    assert.ok(performance.now() - began < 60_000, 'not after the thousand seconds that it would hang')
    scene.mend()
    await daemon.start()
    await scene.holds(['203.0.113.1'])
  })
})
