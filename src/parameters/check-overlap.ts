import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isLogOf } from '../sources/index.ts'
import type { Findings } from './fault.ts'

/**
 * Keys of `logs` that mean the same file: its lines would be read, and count, twice. Of files that two globs match, only the
 * running daemon knows; it follows each for one key.
 */
export function checkOverlap(keys: readonly string[], findings: Findings): void {
  const files = new Map<string, string>()
  for (const key of keys.filter((key) => key.startsWith('/'))) {
    const file = identityOf(key)
    const other = files.get(file)
    if (other === undefined) files.set(file, key)
    else {
      const hint = `write its patterns under "${other}", and take this key out`
      findings.fault(['logs', key], `is the same file as "${other}": its lines would count twice`, hint)
    }
  }
  for (const key of keys) {
    const glob = keys.find((other) => other !== key && isLogOf(other, key))
    if (glob === undefined) continue
    const hint = 'take one of the two out, or write a glob that does not match it'
    findings.fault(['logs', key], `is one of "${glob}": its lines would count twice`, hint)
  }
}

/** The same for all names of a file. */
function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    return resolve(path)
  }
}
