import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { formatAddress, parseAddress } from '../../src/base/address.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'

/**
 * The sample logs of Debian's fail2ban package: lines that real programs wrote, each with what fail2ban makes of it. They
 * are read where the package was unpacked, and nothing of them is kept here.
 */
const folders = [
  path.resolve(import.meta.dirname, '../../.tools/debian/usr/lib/python3/dist-packages/fail2ban/tests/files/logs'),
  '/usr/lib/python3/dist-packages/fail2ban/tests/files/logs',
]

const folder = folders.find((one) => existsSync(one))

/** For the `skip` option of a test; in CI missing logs are a failure. */
export function needsFail2banLogs(): false | string {
  if (folder) return false
  const reason = 'needs the sample logs of fail2ban; run tools/programs'
  if (process.env.CI === 'true') throw new Error(reason)
  return reason
}

export interface Fail2banSample {
  /** `nginx-http-auth:12` */
  readonly place: string
  readonly line: string
  /** Whether fail2ban's own filter must find it. */
  readonly isMatch: boolean
  /** The address that it must give, canonical; undefined where there is none, or a name. */
  readonly address: string | undefined
}

/** The samples of one log, in its order. */
export function fail2banSamples(log: string): readonly Fail2banSample[] {
  const samples: Fail2banSample[] = []
  let verdict: { readonly match: boolean; readonly host?: string } | undefined
  let ofFile = ''
  let head = ''
  for (const [index, line] of readFileSync(path.join(folder!, log), 'utf8').split(/\r?\n/).entries()) {
    const said = /^# *failJSON: *(\{.*\})\s*$/.exec(line)
    if (said) verdict = JSON.parse(said[1]!)
    const options = /^# *filterOptions: *(.*)$/.exec(line)
    if (options) head = headOf([JSON.parse(options[1]!)].flat()[0]) || ofFile
    const file = /^# *fileOptions: *(.*)$/.exec(line)
    if (file) head = ofFile = headOf(JSON.parse(file[1]!))
    if (!verdict || line === '' || line.startsWith('#')) continue
    const address = verdict.host === undefined ? undefined : parseAddress(verdict.host)
    samples.push({
      place: `${log}:${index + 1}`,
      line: head + line,
      isMatch: verdict.match,
      address: address === undefined ? undefined : formatAddress(address),
    })
    verdict = undefined
  }
  return samples
}

/** fail2ban has the journal's lines without their date, and some without host and program; ours come with them. */
function headOf(options: { readonly logtype?: string; readonly 'test.prefix-line'?: string }): string {
  return options.logtype === 'journal' ? `Nov 21 10:00:00 ${options['test.prefix-line'] ?? ''}` : ''
}

/** The address that patterns give for each line; null where none matches. Sessions are followed from line to line. */
export function addressesBy(patterns: readonly Pattern[], lines: readonly string[]): readonly (string | null)[] {
  const scanner = scannerOf([{ rule: '', patterns }])
  const sessions = new Map<string, string>()
  return lines.map((line) => {
    let found: string | null = null
    scanner.scan(new TextEncoder().encode(`${line}\n`), {
      match({ address, session = '', pattern }) {
        const key = `${pattern.set?.name} ${session}`
        if (address !== undefined && session !== '') sessions.set(key, formatAddress(address))
        found = address === undefined ? (sessions.get(key) ?? null) : formatAddress(address)
      },
      repeated() {},
    })
    return found
  })
}
