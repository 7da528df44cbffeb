import { basename, dirname, join, resolve } from 'node:path'
import { originalsOf } from '../sources/rotation.ts'
import { matchesGlob } from '../sources/wildcards.ts'

/**
 * Which key of a configuration's logs an old log is read with: the one that was asked for, else one that names its path,
 * itself or as it was before rotation (`authlog.0.gz` is authlog), else one that names its file in another folder.
 */
export function keyOfLog(path: string, asked: string | undefined, keys: readonly string[]): string | undefined {
  if (asked !== undefined) return keys.find((key) => key === asked)
  const whole = resolve(path)
  const names = [basename(whole), ...originalsOf(basename(whole))]
  const inPlace = (key: string) => names.some((name) => isMatch(key, join(dirname(whole), name)))
  const elsewhere = (key: string) => names.some((name) => isMatch(basename(key), name))
  return keys.find(inPlace) ?? keys.find(elsewhere)
}

function isMatch(key: string, path: string): boolean {
  return key === path || matchesGlob(key, path)
}
