import { readFileSync } from 'node:fs'
import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'

/** Somebody whom processes belong to. */
export interface User {
  /** Undefined where only numbers were given. */
  readonly name: string | undefined
  readonly uid: number
  readonly gid: number
}

/** As whom configuration is run: a user that owns nothing but our state. */
export const ENGINE_USER = process.platform.endsWith('bsd') ? '_log2table' : 'log2table'

const HOW_TO_ADD: Readonly<Record<string, string>> = {
  linux: 'useradd --system --user-group --no-create-home --shell /usr/sbin/nologin NAME',
  openbsd: 'useradd -d /var/empty -s /sbin/nologin NAME',
  freebsd: 'pw useradd NAME -d /nonexistent -s /usr/sbin/nologin',
  netbsd: 'useradd -d /var/empty -s /sbin/nologin NAME',
}

/** The command that adds a user of ours to a system; undefined where we do not know. */
export function howToAddUser(name: string, platform: string): string | undefined {
  return HOW_TO_ADD[platform]?.replace('NAME', name)
}

/** A user by name, or by numbers (`65533`, `65533:65533`). Throws a `UserError` where there is none. */
export function userOf(name: string, passwd: string = readFileSync('/etc/passwd', 'utf8')): User {
  const numbers = /^(\d+)(?::(\d+))?$/.exec(name)
  if (numbers) return { name: undefined, uid: Number(numbers[1]), gid: Number(numbers[2] ?? numbers[1]) }
  const [found] = passwd.split('\n').flatMap((line) => {
    const [known, , uid, gid] = line.split(':')
    return known === name && /^\d+$/.test(uid ?? '') && /^\d+$/.test(gid ?? '')
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : []
  })
  if (found) return found
  const add = howToAddUser(name, process.platform)
  const advice = `add it${add === undefined ? '' : ` with "${add}"`}, or name another with --user or LOG2TABLE_USER`
  throw new UserError(
    exitStatus.notPermitted,
    `there is no user "${name}", and configuration is code, which is not run as root; ${advice}`,
  )
}

/** This process becomes that user, with the groups that it is in, and can never be root again. */
export function become({ name, uid, gid }: User): void {
  if (name === undefined) process.setgroups!([gid])
  else (process as typeof process & { initgroups(user: string, extra: number): void }).initgroups(name, gid)
  process.setgid!(gid)
  process.setuid!(uid)
  const is = [process.getuid!(), process.geteuid!(), process.getgid!(), process.getegid!()]
  if (is.join() !== [uid, uid, gid, gid].join() || uid === 0) throw new Error(`could not become user ${uid}:${gid}: ${is.join()}`)
}
