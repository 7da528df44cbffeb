import { readdirSync } from 'node:fs'

const special = /[*?[\\]/

/** True where the path stands for as many files as match it: it holds `*`, `?` or `[`. A backslash takes a character's meaning away. */
export function isGlob(path: string): boolean {
  return special.test(path)
}

/** The paths there are that match; folders that cannot be read have none, and `onUnreadable` is told why. */
export function expandGlob(pattern: string, onUnreadable: (error: unknown) => void = () => {}): string[] {
  let paths = ['']
  for (const name of pattern.split('/').slice(1)) {
    if (!special.test(name)) paths = paths.map((path) => `${path}/${name}`)
    else {
      const matches = matcherOf(name)
      paths = paths.flatMap((path) =>
        namesIn(`${path}/`, onUnreadable)
          .filter(matches)
          .map((found) => `${path}/${found}`),
      )
    }
  }
  return paths.sort()
}

export function matchesGlob(pattern: string, path: string): boolean {
  const names = path.split('/')
  const patterns = pattern.split('/')
  return names.length === patterns.length && patterns.every((name, i) => matcherOf(name)(names[i]!))
}

/** As in sh(1): `*` and `?` match no slash, and no dot at the beginning; `[!a-f]` is everything but a to f. */
function matcherOf(pattern: string): (name: string) => boolean {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    const set = c === '[' ? /^\[(!?)(\]?[^\]]*)\]/.exec(pattern.slice(i)) : undefined
    if (set) {
      source += `[${set[1] ? '^' : ''}${set[2]!.replace(/[\\\]^[]/g, '\\$&')}]`
      i += set[0].length - 1
    } else if (c === '*') source += '[^]*'
    else if (c === '?') source += '[^]'
    else source += literal(c === '\\' ? (pattern[++i] ?? '\\') : c)
  }
  const regex = new RegExp(`^${source}$`)
  const wantsDot = pattern.startsWith('.') || pattern.startsWith('\\.')
  return (name) => (wantsDot || !name.startsWith('.')) && regex.test(name)
}

function literal(c: string): string {
  return /[\w\s]/.test(c) ? c : `\\${c}`
}

function namesIn(folder: string, onUnreadable: (error: unknown) => void): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    onUnreadable(error)
    return []
  }
}
