import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { NAMESPACE_PROGRAMS, type Namespace } from './namespace.ts'
import { needs, program } from './programs.ts'
import { type Ended, Running, runToEnd } from './running.ts'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)
const checkout = resolve(import.meta.dirname, '../..')
const layers = join(checkout, '.tools/debian-root')

/** For the `skip` option of a test: false where such a root can be made, else the reason. */
export function noDebianRoot(): false | string {
  if (process.getuid?.() !== 0) return 'needs root, to mount and to change root'
  return needs([...NAMESPACE_PROGRAMS, 'apt-get', 'dpkg-deb', 'chroot', 'systemd-socket-activate'])
}

/** The same for one that is booted. */
export function noBootedDebian(): false | string {
  return noDebianRoot() || (controlGroups() === undefined && 'needs control groups of version 2')
}

/** Fetches and unpacks what all roots are made of, where that was not done before: minutes. */
export async function prepareDebian(): Promise<void> {
  await run(join(checkout, 'tools/debian-root'))
}

/** Makes the Debian package of this checkout in a folder, and gives its file. */
export async function makePackage(folder: string): Promise<string> {
  const argv = ['-s', 'deb', `DEBDIR=${folder}`, 'DEBFLAGS=-Zgzip -z1']
  const { stdout } = await run('make', argv, { cwd: checkout, env: { ...process.env, LOG2TABLE_NODE: '' } })
  return stdout.trim().split('\n').at(-1)!
}

const COMMAND_MS_MAX = 300_000
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** A Debian of its own in a network of its own, thrown away at the end of a test. What it runs ends with it. */
export class DebianRoot {
  readonly #folder: string
  readonly #holder: Running
  readonly #runs: Running[] = []
  /** Where systemd makes its control groups, where it runs. */
  readonly #controlGroup: string | undefined
  #pid = 0

  /** `minimal` is what debootstrap makes and nothing more; `isBooted` has a systemd that runs as its first process. */
  static async create(t: TestContext, namespace: Namespace, { minimal = false, isBooted = false } = {}): Promise<DebianRoot> {
    const root = new DebianRoot(namespace, minimal, isBooted)
    t.after(() => root.close())
    await root.#holder.line(/^ready$/, { withinMs: 30_000 })
    root.#pid = childrenOf(root.#holder.pid)[0]!
    if (isBooted) await root.#hasBooted()
    return root
  }

  private constructor(namespace: Namespace, minimal: boolean, isBooted: boolean) {
    this.#folder = mkdtempSync(join(tmpdir(), 'log2table-debian-'))
    mkdirSync(this.path('/'))
    mkdirSync(join(this.#folder, 'changes'))
    const lower = [...(minimal ? [] : [join(layers, 'more')]), join(layers, 'minimal')].join(':')
    this.#controlGroup = isBooted ? join(controlGroups()!, basename(this.#folder)) : undefined
    const inGroup = this.#controlGroup ? ['sh', '-euc', OWN_GROUP, 'sh', this.#controlGroup] : []
    const more = isBooted ? ['--uts', '--ipc', '--cgroup'] : []
    const unshare = [program('unshare'), '--mount', '--pid', ...more, '--fork', '--kill-child', '--']
    const boot = ['sh', '-euc', `${MOUNT}${isBooted ? BOOT : WAIT}`, 'sh', this.#folder, lower]
    this.#holder = new Running(namespace.inside([...inGroup, ...unshare, ...boot]))
  }

  /** Whether all goes well in it, systemd does not say: a service that a namespace cannot have may have failed. */
  async #hasBooted(): Promise<void> {
    await waitFor('systemd runs', 60_000, async () =>
      /running|degraded/.test((await this.run('systemctl', 'is-system-running')).stdout),
    )
  }

  /** The same file as those outside see it that are in its mount namespace. */
  path(file: string): string {
    return join(this.#folder, 'root', file)
  }

  /** The same command, to be run inside as root, with a clean environment. */
  inside(argv: readonly string[]): readonly string[] {
    return [
      ...this.#enter(['-m', '-n', '-p']),
      ...[
        program('chroot'),
        this.path('/'),
        '/usr/bin/env',
        '-i',
        `PATH=${PATH}`,
        'LC_ALL=C.UTF-8',
        'DEBIAN_FRONTEND=noninteractive',
      ],
      ...argv,
    ]
  }

  #enter(flags: readonly string[]): readonly string[] {
    return [program('nsenter'), '-t', String(this.#pid), ...flags, '--']
  }

  run(...argv: readonly string[]): Promise<Ended> {
    return runToEnd(this.inside(argv), { withinMs: COMMAND_MS_MAX })
  }

  /** What a command printed that ended well; throws where it did not. */
  async output(...argv: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...argv)
    if (status !== 0) throw new Error(`${argv.join(' ')}: status ${status}\n${stdout}${stderr}`)
    return stdout
  }

  /** Something that goes on running. */
  start(...argv: readonly string[]): Running {
    return this.#keep(this.inside(argv))
  }

  #keep(argv: readonly string[]): Running {
    const running = new Running(argv)
    this.#runs.push(running)
    return running
  }

  async write(file: string, text: string): Promise<void> {
    const from = join(this.#folder, 'text')
    writeFileSync(from, text)
    await this.#copyIn(from, file)
  }

  async take(file: string): Promise<string> {
    const from = join(this.#folder, basename(file))
    copyFileSync(file, from)
    const to = `/${basename(file)}`
    await this.#copyIn(from, to)
    return to
  }

  async #copyIn(from: string, to: string): Promise<void> {
    const [command = '', ...args] = [...this.#enter(['-m']), 'cp', from, this.path(to)]
    await run(command, args)
  }

  /** What a unit of systemd that is installed there says of a key. */
  async #unit(unit: string): Promise<(key: string) => string> {
    const text = await this.output('cat', `/usr/lib/systemd/system/${unit}`)
    return (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  }

  /** Starts a service of systemd as that would, as far as user, groups, rights, folders and its socket go. */
  async startUnit(name: string): Promise<Running> {
    const of = await this.#unit(`${name}.service`)
    const user = of('User')
    const groups = await this.#groups(user, of('SupplementaryGroups').split(' '))
    for (const [key, above] of [
      ['State', '/var/lib'],
      ['Runtime', '/run'],
    ]) {
      if (of(`${key}Directory`) === '') continue
      const folder = `${above}/${of(`${key}Directory`)}`
      await this.output('install', '-d', '-o', user, '-g', user, '-m', of(`${key}DirectoryMode`), folder)
    }
    const capabilities = (key: string) =>
      [
        '-all',
        ...of(key)
          .split(' ')
          .filter(Boolean)
          .map((one) => `+${one.replace('CAP_', '').toLowerCase()}`),
      ].join()
    const rights = [
      ...['setpriv', '--reuid', user, '--regid', user, '--groups', groups, '--no-new-privs'],
      ...[`--inh-caps=${capabilities('AmbientCapabilities')}`, `--ambient-caps=${capabilities('AmbientCapabilities')}`],
      ...[`--bounding-set=${capabilities('CapabilityBoundingSet')}`, '--'],
    ]
    const argv = this.inside([
      ...['sh', '-c', `umask ${of('UMask')}; [ "$LISTEN_FDS" ] && export LISTEN_PID=$$; exec "$@"`, 'sh'],
      ...rights,
      ...of('ExecStart').split(' '),
    ])
    if (!of('Requires').split(' ').includes(`${name}.socket`)) return this.#keep(argv)
    const socket = await this.#unit(`${name}.socket`)
    const listen = socket('ListenStream')
    await this.output('install', '-d', '-m', socket('DirectoryMode'), join(listen, '..'))
    // It gives descriptor 3 to what it becomes; that has another process id inside.
    const activated = argv.flatMap((arg) => (arg === '-i' ? ['-i', 'LISTEN_FDS=1'] : [arg]))
    const running = this.#keep([
      ...this.#enter(['-m', '-n']),
      ...[program('systemd-socket-activate'), '-l', this.path(listen), ...activated],
    ])
    await running.line(/Listening on/, { withinMs: 30_000 })
    await this.output('chown', socket('SocketUser'), listen)
    await this.output('chmod', socket('SocketMode'), listen)
    return running
  }

  /** Ends what was started as a service manager does, and waits for it. */
  async stop(running: Running): Promise<void> {
    // Who enters a namespace of processes waits outside for the one inside, and passes no signal on.
    const inside = childrenOf(running.pid)
    for (const pid of inside.length > 0 ? inside : [running.pid]) process.kill(pid, 'SIGTERM')
    await waitFor('it has ended', 30_000, () => running.hasEnded)
  }

  async #groups(user: string, wanted: readonly string[]): Promise<string> {
    const known = (await this.output('cut', '-d:', '-f1', '/etc/group')).split('\n')
    return [user, ...wanted.filter((group) => group !== '' && known.includes(group))].join()
  }

  /** Every file there is, but for those that are not on its disk. */
  async files(): Promise<readonly string[]> {
    return (await this.output('find', '/', '-xdev')).trim().split('\n')
  }

  async close(): Promise<void> {
    for (const running of this.#runs) running.signal('SIGKILL')
    this.#holder.closeInput()
    if (this.#controlGroup) this.#holder.signal('SIGKILL')
    await this.#holder.end()
    for (const running of this.#runs) await running.end()
    if (this.#controlGroup) await removeGroup(this.#controlGroup)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** Where control groups of version 2 can be made; undefined where there are none. */
function controlGroups(): string | undefined {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  return mounts.map((line) => line.split(' ')).find(([, , kind]) => kind === 'cgroup2')?.[1]
}

/** Removes a control group with those in it, once their processes are gone. */
async function removeGroup(folder: string): Promise<void> {
  const remove = (one: string): void => {
    for (const entry of readdirSync(one, { withFileTypes: true })) if (entry.isDirectory()) remove(join(one, entry.name))
    rmdirSync(one)
  }
  await waitFor('its control groups are gone', 10_000, () => {
    try {
      remove(folder)
    } catch {}
    return !existsSync(folder)
  })
}

/** Begins in a control group of its own. */
const OWN_GROUP = 'mkdir "$1"; echo $$ >"$1/cgroup.procs"; shift; exec "$@"'

/** Changes are kept in memory. */
const MOUNT = `
  mount -t tmpfs tmpfs "$1/changes"
  mkdir "$1/changes/upper" "$1/changes/work"
  root=$1/root
  mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/changes/upper,workdir=$1/changes/work" "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in full null random tty urandom zero; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/pts" "$root/run/sshd"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
`

/** Ends when its standard input does, and all that runs there with it. */
const WAIT = 'echo ready; exec cat'

/**
 * Becomes systemd, which is told that it runs in a container. What is the machine's, its clock, modules, kernel log and settings, it
 * could not change if it wanted to.
 */
const BOOT = `
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  echo ready
  exec setpriv --bounding-set=-sys_boot,-sys_module,-sys_rawio,-sys_time,-syslog -- chroot "$root" \
    /usr/bin/env -i container=other PATH=${PATH} /usr/lib/systemd/systemd --unit=basic.target
`
