/** Whose calls fail. Those of the firewall are calls of its program, all others are system calls. */
export type Target = 'log' | 'database' | 'programs' | 'firewall'

/** One thing that a daemon does again and again, and the ways in which it can fail. */
export interface Operation {
  readonly target: Target
  /** A system call, or a program. Not every machine has each: some call `stat` what others call `newfstatat`. */
  readonly call: string
  readonly faults: readonly string[]
}

/** Answers late, and rightly. */
const SLOW = 'slow'
const SLOW_US = 300_000

const looks = ['stat', 'lstat', 'fstat', 'newfstatat', 'statx', 'access', 'faccessat', 'faccessat2', 'readlink', 'readlinkat']
const looking = (target: Target) => looks.map((call): Operation => ({ target, call, faults: ['EACCES', 'EIO'] }))

/**
 * What of the operating system a daemon needs, and how it refuses. Not `fcntl`, by which SQLite locks: where the giving back of
 * a lock is refused, as on network file systems, SQLite believes for ever after that it is held.
 */
export const operations: readonly Operation[] = [
  { target: 'log', call: 'openat', faults: ['EMFILE', 'EACCES', 'EIO'] },
  { target: 'log', call: 'read', faults: ['EIO', SLOW] },
  { target: 'log', call: 'pread64', faults: ['EIO', SLOW] },
  { target: 'log', call: 'getdents64', faults: ['EIO'] },
  { target: 'log', call: 'close', faults: ['EIO'] },
  { target: 'log', call: 'inotify_add_watch', faults: ['ENOSPC', 'EMFILE'] },
  ...looking('log'),

  { target: 'database', call: 'openat', faults: ['EMFILE', 'EACCES', 'ENOSPC'] },
  { target: 'database', call: 'pread64', faults: ['EIO'] },
  { target: 'database', call: 'pwrite64', faults: ['ENOSPC', 'EIO'] },
  { target: 'database', call: 'fsync', faults: ['EIO', 'ENOSPC', SLOW] },
  { target: 'database', call: 'fdatasync', faults: ['EIO', 'ENOSPC', SLOW] },
  { target: 'database', call: 'ftruncate', faults: ['EIO', 'ENOSPC'] },
  { target: 'database', call: 'mmap', faults: ['ENOMEM'] },
  { target: 'database', call: 'close', faults: ['EIO'] },
  { target: 'database', call: 'fchown', faults: ['EACCES'] },
  { target: 'database', call: 'mkdir', faults: ['EACCES', 'ENOSPC'] },
  { target: 'database', call: 'mkdirat', faults: ['EACCES', 'ENOSPC'] },
  { target: 'database', call: 'unlink', faults: ['EACCES', 'EIO'] },
  { target: 'database', call: 'unlinkat', faults: ['EACCES', 'EIO'] },
  ...looking('database'),

  { target: 'programs', call: 'socketpair', faults: ['EMFILE'] },
  { target: 'programs', call: 'clone', faults: ['EAGAIN', 'ENOMEM'] },

  { target: 'firewall', call: 'nft', faults: ['exit 1', 'done, but exit 1', 'hang', 'killed', 'missing'] },
]

/** The calls from `first` to `last`, counted from 1, and what becomes of them. */
export interface Failing {
  readonly operation: Operation
  readonly fault: string
  readonly first: number
  readonly last: number
}

/** Arguments of strace that trace the calls on a target into a file, and let some fail. */
export function straceArguments(target: Target, paths: readonly string[], output: string, failing?: Failing): string[] {
  const calls = operations.filter((operation) => operation.target === target).map(({ call }) => `?${call}`)
  const inject = failing?.operation.target === target ? ['-e', `inject=${failing.operation.call}:${tampering(failing)}`] : []
  // The daemon stays our child, and strace is out of the way.
  return ['-D', '-o', output, '-e', `trace=${calls.join()}`, ...paths.flatMap((path) => ['-P', path]), ...inject]
}

function tampering({ fault, first, last }: Failing): string {
  return `${fault === SLOW ? `delay_enter=${SLOW_US}` : `error=${fault}`}:when=${first}..${last}`
}

/** What a trace shows: how often each call was made, and how many of them failed on purpose. */
export function readTrace(text: string): { readonly counts: ReadonlyMap<string, number>; readonly injected: number } {
  const counts = new Map<string, number>()
  for (const [, call] of text.matchAll(/^(\w+)\(/gm)) counts.set(call!, (counts.get(call!) ?? 0) + 1)
  return { counts, injected: text.split(/\((?:INJECTED|DELAYED)\)/).length - 1 }
}

/**
 * A program in the place of another, which it calls. Each call makes a folder of its number in `calls`; one that is to fail
 * makes `failed` too. One that is to be missing takes itself away as `PATH.away`, right before that call.
 */
export function standIn(real: string, calls: string, failing?: Failing): string {
  const { fault = '', first = 0, last = 0 } = failing ?? {}
  const failure: Readonly<Record<string, string>> = {
    'exit 1': 'echo "Error: Could not process rule: Device or resource busy" >&2; exit 1',
    'done, but exit 1': `${real} "$@"; exit 1`,
    hang: 'exec sleep 3600',
    killed: 'kill -KILL $$',
  }
  const isFailing = `[ $n -ge ${first} ] && [ $n -le ${last} ]`
  return `#!/bin/sh
n=1
until mkdir "${calls}/$n" 2>/dev/null; do n=$((n + 1)); done
${failure[fault] ? `if ${isFailing}; then mkdir -p "${calls}/failed"; ${failure[fault]}; fi` : ''}
${fault === 'missing' ? `if [ $n -eq ${first - 1} ]; then ${real} "$@"; s=$?; mkdir "${calls}/failed"; mv "$0" "$0.away"; exit $s; fi` : ''}
exec ${real} "$@"
`
}
