import { nearest } from '../base/nearest.ts'
import { showValue, wholeNumberFault } from '../base/value.ts'
import { compilePattern, PatternError } from '../matching/compile.ts'
import { jsonText } from '../matching/json-line.ts'
import { jsonPrefix } from '../matching/json-scanner.ts'
import { type Pattern, patternKeys } from '../matching/pattern.ts'
import { checkLint, isShipped } from './check-lint.ts'
import { checkRegex } from './check-regex.ts'
import type { Findings, Path } from './fault.ts'

const WEIGHT_MAX = 1000

type Raw = Readonly<Record<string, unknown>>

/** Finds what is wrong with one pattern; false where the value is nothing like one. */
export function checkPattern(raw: unknown, path: Path, findings: Findings): raw is Pattern {
  if (isShipped(raw)) return true
  if (!isRecord(raw)) {
    let hint = 'write { regex: /^(?<ip>\\S+) .../ }'
    if (Array.isArray(raw)) hint = 'write ... before its name, as in [...sshd, ...httpd]'
    else if (raw instanceof RegExp) hint = `write { regex: ${raw} }`
    findings.fault(path, `${showValue(raw)} is not a pattern`, hint)
    return false
  }
  const before = findings.faults.length
  const prefix = checkSet(raw.set, path, findings)
  const groups = checkPatternRegex(raw, prefix, path, findings)
  if (raw.name !== undefined && (typeof raw.name !== 'string' || raw.name.trim() === '')) {
    findings.fault([...path, 'name'], `${showValue(raw.name)} is not a name`, 'write text, or leave it out')
  }
  if (raw.weight !== undefined) {
    findings.value([...path, 'weight'], wholeNumberFault(raw.weight, { min: -WEIGHT_MAX, max: WEIGHT_MAX }))
  }
  checkSession(raw, [...(prefix ?? []), ...(groups ?? [])], path, findings)
  checkDistinct(raw.distinct, groups, path, findings)
  checkPacket(raw.packet, [...path, 'packet'], findings)
  if (raw.spoofable !== undefined && typeof raw.spoofable !== 'boolean') {
    findings.fault([...path, 'spoofable'], `${showValue(raw.spoofable)} is neither true nor false`)
  }
  if (raw.unforgeable !== undefined && (typeof raw.unforgeable !== 'string' || raw.unforgeable.trim() === '')) {
    findings.fault(
      [...path, 'unforgeable'],
      `${showValue(raw.unforgeable)} is not a reason`,
      'say why no peer can write such a line',
    )
  }
  checkSamples(raw.samples, [...path, 'samples'], findings)
  checkParameters(raw, path, findings)
  if (
    groups &&
    findings.faults.length === before &&
    typeof raw.weight === 'number' &&
    raw.weight < 0 &&
    !groups.includes('user')
  ) {
    findings.warning(path, 'a negative weight takes away points of the account in the group user, and there is no such group')
  }
  if (groups && findings.faults.length === before) checkLint(raw as unknown as Pattern, path, findings)
  return true
}

/** The groups of the set's prefix; undefined where there is no prefix. */
function checkSet(raw: unknown, path: Path, findings: Findings): readonly string[] | undefined {
  if (raw === undefined) return undefined
  if (!isRecord(raw) || typeof raw.name !== 'string') {
    findings.fault(
      [...path, 'set'],
      `${showValue(raw)} is not what patternSet writes`,
      'leave it out, or make the set with patternSet({ name, prefix }, [ ... ])',
    )
    return undefined
  }
  checkJson(raw.json, [...path, 'set', 'json'], findings)
  if (raw.prefix === undefined) return undefined
  const at = [...path, 'set', 'prefix']
  const groups = checkRegex(raw.prefix, at, findings)
  if (groups && raw.json !== undefined) checkJsonPrefix(raw.prefix as RegExp, at, findings)
  return groups
}

/** The form of a set for JSON lines. */
function checkJson(raw: unknown, path: Path, findings: Findings): void {
  if (raw === undefined) return
  const hint = "write the text that a line is read as, such as '{time} {client.ip} {status}'"
  if (typeof raw !== 'string') {
    findings.fault(path, `${showValue(raw)} is no form for JSON lines`, hint)
    return
  }
  try {
    jsonText(raw)
  } catch (error) {
    findings.fault(path, `${showValue(raw)} ${(error as Error).message}`, hint)
  }
}

function checkJsonPrefix(prefix: RegExp, path: Path, findings: Findings): void {
  try {
    jsonPrefix(prefix)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    findings.fault(path, error.message, 'write it without')
  }
}

/** The groups of the pattern's regex; undefined where it has a fault. */
function checkPatternRegex(
  raw: Raw,
  prefix: readonly string[] | undefined,
  path: Path,
  findings: Findings,
): readonly string[] | undefined {
  const at = [...path, 'regex']
  if (raw.regex === undefined) {
    findings.fault(at, 'is missing', 'write regex: /^(?<ip>\\S+) .../')
    return undefined
  }
  const before = findings.faults.length
  const groups = checkRegex(raw.regex, at, findings)
  if (!groups) return undefined
  if (!groups.includes('ip') && !groups.includes('session') && !prefix?.includes('session')) {
    const near = nearest('ip', groups) ?? groups.find((group) => ['addr', 'address', 'host', 'src'].includes(group.toLowerCase()))
    findings.fault(
      at,
      'has no named group ip, so it finds no address',
      near ? `write (?<ip> for (?<${near}>` : 'write (?<ip>\\S+) where the address stands',
    )
  }
  if (findings.faults.length > before) return groups
  try {
    compilePattern(raw as unknown as Pattern)
  } catch (error) {
    findings.fault(at, (error as Error).message)
  }
  return groups
}

/** `groups` are those of the prefix and of the regex. A login without a session is remembered, and is over at once. */
function checkSession(raw: Raw, groups: readonly string[], path: Path, findings: Findings): void {
  const hasSession = groups.includes('session')
  const noSession = 'needs a set whose prefix has a group session, and there is none'
  const hint = 'make the set with patternSet({ name, prefix: /...(?<session>\\d+).../ }, [ ... ])'
  if (raw.once !== undefined) {
    if (raw.once !== 'session') findings.fault([...path, 'once'], `${showValue(raw.once)} is not known`, "write 'session'")
    else if (!hasSession) findings.fault([...path, 'once'], noSession, hint)
  }
  if (raw.session !== undefined) {
    if (raw.session !== 'opened' && raw.session !== 'closed') {
      findings.fault([...path, 'session'], `${showValue(raw.session)} is not known`, "write 'opened' or 'closed'")
    } else if (!hasSession && raw.session === 'closed') findings.fault([...path, 'session'], noSession, hint)
  }
}

function checkDistinct(raw: unknown, groups: readonly string[] | undefined, path: Path, findings: Findings): void {
  if (raw === undefined || !groups) return
  const at = [...path, 'distinct']
  const others = groups.filter((group) => group !== 'ip')
  if (raw === 'ip') findings.fault(at, 'the address itself is always the same', 'name another group')
  else if (typeof raw !== 'string' || !groups.includes(raw)) {
    const near = typeof raw === 'string' ? nearest(raw, others) : undefined
    const hint = near
      ? `did you mean "${near}"?`
      : others.length > 0
        ? `its groups are ${others.join(', ')}`
        : `write (?<${typeof raw === 'string' ? raw : 'user'}>...) in it`
    findings.fault(at, `the regex has no group ${showValue(raw)}`, hint)
  }
}

function checkPacket(raw: unknown, path: Path, findings: Findings): void {
  if (raw === undefined) return
  const hint = "write { kind: 'syn' }, { kind: 'udp', ports: [123] } or { kind: 'echo' }"
  if (!isRecord(raw)) {
    findings.fault(path, `${showValue(raw)} is not an object`, hint)
    return
  }
  for (const key of Object.keys(raw)) if (key !== 'kind' && key !== 'ports') findings.fault([...path, key], 'unknown key', hint)
  if (!['syn', 'udp', 'echo'].includes(raw.kind as string))
    findings.fault([...path, 'kind'], `${showValue(raw.kind)} is not known`, hint)
  const isPort = (port: unknown) => Number.isInteger(port) && (port as number) >= 0 && (port as number) < 2 ** 16
  if (raw.ports !== undefined && !(Array.isArray(raw.ports) && raw.ports.every(isPort))) {
    findings.fault([...path, 'ports'], `${showValue(raw.ports)} is not a list of ports`, hint)
  }
}

function checkSamples(raw: unknown, path: Path, findings: Findings): void {
  if (raw === undefined) return
  const known = {
    match: {
      isRight: (entry: unknown) => isPair(entry) && typeof entry[1] === 'string',
      hint: "write ['the whole line', '192.0.2.7']",
    },
    miss: { isRight: (entry: unknown) => typeof entry === 'string', hint: "write 'the whole line'" },
    forged: {
      isRight: (entry: unknown) => isPair(entry) && (typeof entry[1] === 'string' || entry[1] === null),
      hint: "write ['the whole line', '192.0.2.7'], or null for the address where nothing may match",
    },
  }
  if (!isRecord(raw)) {
    findings.fault(path, `${showValue(raw)} is not an object`, "write { match: [['the whole line', '192.0.2.7']] }")
    return
  }
  for (const [key, list] of Object.entries(raw)) {
    if (!Object.hasOwn(known, key)) {
      const near = nearest(key, Object.keys(known))
      findings.fault([...path, key], 'unknown key', near ? `did you mean "${near}"?` : 'known keys are match, miss, forged')
      continue
    }
    const { isRight, hint } = known[key as keyof typeof known]
    if (!Array.isArray(list)) findings.fault([...path, key], `${showValue(list)} is not a list`, `write [ ... ]; in it, ${hint}`)
    else
      for (const [i, entry] of list.entries())
        if (!isRight(entry)) findings.fault([...path, key, i], `${showValue(entry)} is not a sample`, hint)
  }
}

/** Every other key is a parameter, but one that looks like a mistyped key of ours is not let through: its fault would be silent. */
function checkParameters(raw: Raw, path: Path, findings: Findings): void {
  for (const [key, value] of Object.entries(raw)) {
    if ((patternKeys as readonly string[]).includes(key)) continue
    const near = nearest(key, patternKeys)
    if (near)
      findings.fault([...path, key], 'unknown key', `did you mean "${near}"? (a parameter of your own needs a name less like it)`)
    else if (!isJson(value))
      findings.fault(
        [...path, key],
        `${showValue(value)} cannot be a parameter`,
        'write text, a number, true, false, null, or lists and objects of them',
      )
  }
}

function isPair(value: unknown): value is readonly [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string'
}

function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > 20) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every((item) => isJson(item, depth + 1))
}

function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp)
}
