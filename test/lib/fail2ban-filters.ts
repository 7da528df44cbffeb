import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { program } from './programs.ts'
import { fromPython } from './python-regex.ts'

/** A filter of Debian's fail2ban, in all of its modes and for all kinds of logs, as fail2ban itself resolves it. */
export interface Fail2banFilter {
  readonly name: string
  /** What a line is cut down to before it is looked at: the group `content`, where there is one. */
  readonly heads: readonly RegExp[]
  readonly regexes: readonly RegExp[]
  /** As Python has them; those that are for several lines at once are left out. */
  readonly python: readonly string[]
  readonly multiline: readonly string[]
}

const root = path.resolve(import.meta.dirname, '../../.tools/debian')
const folder = [path.join(root, 'etc/fail2ban'), '/etc/fail2ban'].find((one) => existsSync(path.join(one, 'filter.d')))
const logs = ['usr/lib/python3/dist-packages/fail2ban/tests/files/logs']
  .flatMap((name) => [path.join(root, name), path.join('/', name)])
  .find((one) => existsSync(one))

/** For the `skip` option of a test; in CI missing filters are a failure. */
export function needsFail2banFilters(): false | string {
  if (folder) return false
  const reason = "needs fail2ban's filters; run tools/programs"
  if (process.env.CI === 'true') throw new Error(reason)
  return reason
}

/** All filters, resolved by `fail2ban-client -d` and written in JavaScript. Nothing of them is kept here. */
export function fail2banFilters(): readonly Fail2banFilter[] {
  const names = readdirSync(path.join(folder!, 'filter.d'))
    .filter((name) => name.endsWith('.conf') && !name.endsWith('common.conf'))
    .map((name) => name.slice(0, -'.conf'.length))
  const streams = resolve(names.flatMap(jailsOf))
  return names.map((name) =>
    filterOf(
      name,
      [...streams].filter(([jail]) => jail.startsWith(`${name}--`)).flatMap(([, all]) => all),
    ),
  )
}

interface Jail {
  readonly name: string
  readonly filter: string
}

/** One for each mode and each kind of log that the filter may be used with. */
function jailsOf(name: string): readonly Jail[] {
  const text = readFileSync(path.join(folder!, 'filter.d', `${name}.conf`), 'utf8')
  const modes = new Set([...text.matchAll(/^mdre-([a-z]+)(?:-other)?\s*=/gm)].map(([, mode]) => mode))
  return (modes.size > 0 ? [...modes] : [undefined]).flatMap((mode) =>
    ['file', 'journal'].map((logtype) => ({
      name: `${name}--${mode ?? ''}-${logtype}`,
      filter: `${name}[${mode === undefined ? '' : `mode=${mode}, `}logtype=${logtype}]`,
    })),
  )
}

/** A word of the stream that fail2ban-client prints: `['set', JAIL, OPTION, VALUE]`. */
type Word = string | number | readonly Word[]

/** The commands that each jail comes to. */
function resolve(jails: readonly Jail[]): ReadonlyMap<string, readonly (readonly Word[])[]> {
  const made = mkdtempSync(path.join(tmpdir(), 'log2table-fail2ban-'))
  try {
    for (const name of readdirSync(folder!)) {
      if (!/^jail/.test(name)) symlinkSync(path.join(folder!, name), path.join(made, name))
    }
    const sections = jails.map(({ name, filter }) => `[${name}]\nenabled = true\nfilter = ${filter}\n`)
    writeFileSync(
      path.join(made, 'jail.conf'),
      `[DEFAULT]\nbackend = polling\naction =\nlogpath = /dev/null\n${sections.join('')}`,
    )
    const text = execFileSync(program('fail2ban-client'), ['-c', made, '-d'], { encoding: 'utf8', maxBuffer: 1e9, stdio: 'pipe' })
    const streams = new Map<string, (readonly Word[])[]>()
    for (const line of text.split('\n')) {
      if (!/^\['(?:multi-)?set', /.test(line)) continue
      const words = wordsOf(line)
      const [, jail] = words as [string, string]
      streams.set(jail, [...(streams.get(jail) ?? []), words])
    }
    return streams
  } finally {
    rmSync(made, { recursive: true })
  }
}

/** A list as Python prints it. */
function wordsOf(line: string): readonly Word[] {
  const json = line.replaceAll(/'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"/g, (_, single, double) => {
    const text = (single ?? double).replaceAll(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/g, unescaped)
    return JSON.stringify(text)
  })
  return JSON.parse(json.replaceAll(/\bNone\b/g, 'null'))
}

function unescaped(_: string, byte: string | undefined, unit: string | undefined, other: string): string {
  const code = byte ?? unit
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
  return { n: '\n', r: '\r', t: '\t' }[other] ?? other
}

function filterOf(name: string, stream: readonly (readonly Word[])[]): Fail2banFilter {
  const valuesOf = (wanted: string) =>
    new Set(stream.flatMap(([, , option, value]) => (option === wanted && value !== '' ? ([value].flat() as string[]) : [])))
  const heads = valuesOf('prefregex')
  const python = [...valuesOf('addfailregex'), ...valuesOf('addignoreregex')]
  const isMultiline = (regex: string) => /<SKIPLINES>|\\n/.test(regex)
  const regexesOf = (all: Iterable<string>) => [...all].flatMap((one) => fromPython(withoutTags(one)))
  return {
    name,
    heads: regexesOf(heads),
    regexes: regexesOf(python.filter((one) => !isMultiline(one))),
    python: [...heads, ...python].filter((one) => !isMultiline(one)),
    multiline: python.filter(isMultiline),
  }
}

const IP4 = String.raw`(?:\d{1,3}\.){3}\d{1,3}`
/** Without the lookbehind that fail2ban has at its end: what stands there is always a colon. */
const IP6 = '(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|:)'
const DNS = String.raw`(?P<dns>[\w\-.^_]*\w)`
const IP = `(?P<ip>(?:::f{4,6}:)?${IP4}|${IP6})`
const ADDR = String.raw`\[?${IP}\]?`

const tags: Readonly<Record<string, string>> = {
  HOST: `(?:${ADDR}|${DNS})`,
  ADDR,
  DNS,
  IP4: `(?P<ip>(?:::f{4,6}:)?${IP4})`,
  IP6: `(?P<ip6>${IP6})`,
  CIDR: String.raw`(?P<cidr>\d+)`,
  SUBNET: String.raw`\[?${IP}(?:/(?P<cidr>\d+))?\]?`,
}
const groupNames: Readonly<Record<string, string>> = { id: 'fid', port: 'fport' }

/** What fail2ban puts in the place of `<HOST>`, `<F-USER>...</F-USER>` and the like, with one group `ip` for its `ip4` and `ip6`. */
function withoutTags(regex: string): string {
  return regex
    .replaceAll(/<(HOST|ADDR|DNS|IP4|IP6|CIDR|SUBNET)>/g, (_, tag) => tags[tag]!)
    .replaceAll(/<F-([A-Z\d_]+)(\/?)>/g, (_, tag, isWhole) => {
      const name = tag.toLowerCase()
      return `(?P<${groupNames[name] ?? name}>${isWhole ? String.raw`\S+)` : ''}`
    })
    .replaceAll(/<\/F-[A-Z\d_]+>/g, ')')
}

const dates = [
  /^(?:[A-Z][a-z]{2}\.? ){0,2} ?\d?\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?/,
  /\d{4}[-/.]\d\d[-/.]\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?/,
  /(?:[A-Z][a-z]{2} )?(?:\d\d?[ /][A-Z][a-z]{2}[ /]\d{4}|[A-Z][a-z]{2} +\d\d?)[ :]\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4}| \d{4})?/,
  /\d\d?[-/.]\d\d?[-/.]\d{2,4}[ :]\d\d:\d\d:\d\d/,
  /^\[?\d{10}(?:\.\d+)?\]?/,
]

/** Lines that fail2ban tries its filter on, as they are written and without the date, as its regexes see them. One character a byte. */
export function fail2banLines({ name, heads }: Fail2banFilter): readonly string[] {
  const file = path.join(logs!, name)
  const written = existsSync(file) ? readFileSync(file, 'latin1').split(/\r?\n/) : []
  const whole = written.filter((line) => line !== '' && !line.startsWith('#'))
  const lines = new Set(whole)
  for (const line of whole) for (const date of dates) lines.add(line.replace(date, ''))
  for (const line of [...lines]) {
    for (const head of heads) {
      const content = head.exec(line)?.groups?.content
      if (content !== undefined) lines.add(content)
    }
  }
  return [...lines]
}
