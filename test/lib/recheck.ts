import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = path.resolve(import.meta.dirname, '../../.tools/recheck')
const main = path.join(folder, 'node_modules/recheck/lib/main.js')

/** An attack on a regex: the same text again and again between two others, or several such in a row. */
export interface Attack {
  readonly pumps: readonly { readonly prefix: string; readonly pump: string }[]
  readonly suffix: string
}

interface Report {
  readonly status: 'safe' | 'vulnerable' | 'unknown'
  readonly attack?: Attack
}

/** Looks for an attack on a regex, for so long at most; undefined where none is found. */
export type FindAttack = (regex: RegExp, timeoutMs: number) => Promise<Attack | undefined>

/**
 * recheck, in plain JavaScript. It is no dependency of ours, as it would bring programs for each system along: npm puts it
 * into .tools without them. A reason where that fails.
 */
export async function recheck(): Promise<FindAttack | string> {
  try {
    if (!existsSync(main)) {
      const options = ['--prefix', folder, '--omit=optional', '--ignore-scripts', '--no-save', '--no-package-lock']
      execFileSync('npm', ['install', ...options, 'recheck@4.5.0'], { stdio: 'pipe' })
    }
    process.env.RECHECK_BACKEND = 'pure'
    const { check } = await import(pathToFileURL(main).href)
    return async ({ source, flags }, timeout) => {
      const { status, attack }: Report = await check(source, flags, { timeout })
      return status === 'vulnerable' ? attack : undefined
    }
  } catch (error) {
    const reason = `recheck cannot be had: ${(error as Error).message.split('\n')[0]}`
    if (process.env.CI === 'true') throw new Error(reason)
    return reason
  }
}
