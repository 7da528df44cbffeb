import { escapeText, jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { nearest } from '../../base/nearest.ts'
import { UserError } from '../../base/user-error.ts'
import type { Pattern } from '../../matching/pattern.ts'
import { runSamples, type SampleFault } from '../../matching/samples.ts'
import { scannerOf } from '../../matching/scanner-of.ts'
import { checkFile } from '../../parameters/check-file.ts'
import { loadFile } from '../../parameters/load.ts'
import { faultRecord, formatFault } from '../../parameters/report.ts'
import * as shippedSets from '../../patterns/index.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { leaveRoot, loadOrExplain } from '../configuration.ts'
import { explainLines } from '../explanation.ts'
import { count, paint } from '../output.ts'
import { tryPatterns } from '../pattern-trial.ts'
import { replayOptions } from '../replay-options.ts'

export interface TestOptions extends JsonOption {
  readonly config?: string
  readonly pattern?: string
  readonly explain?: string
  readonly as?: string
}

/** Patterns that are used together, and so must be tested together. */
interface TestedSet {
  readonly name: string
  readonly patterns: readonly Pattern[]
}

export const test: Command<[files: readonly string[]], TestOptions> = {
  declare: (syntax) =>
    syntax
      .argument('[file...]', 'files of patterns and rules (.ts, .js) to test alone, or logs to try the patterns on (.gz too)')
      .option('--config <dir>', 'the patterns of this configuration too, as each log has them together')
      .option('--pattern <name>', 'only this pattern (sshd/failed-password), or this set (sshd)')
      .option('--explain <text>', 'of each line of the logs that holds this text, why it did or did not lead to a ban')
      .option('--as <key>', "read the logs with the patterns of this key of the configuration's logs")
      .option(...jsonOption),
  help: `
Every pattern has sample lines: some that it must match and the address that
they must give, some that it must not match, and some that an attacker could
write to have somebody else banned. Each that does not do so is printed, with
what was expected and what came.

With a FILE of patterns and rules, such as one from a friend, only these are
tested, and linted: a pattern with which a stranger could have somebody else
banned is shown with the line that does it.

With a LOG, prints by pattern which lines it matches, with the address and the
groups, and which it nearly does, with the place where they part.

With --explain, the logs are replayed by the same engine, clock, ignore list
and rules as in "log2table replay", and of each line that holds the text is
told what it counted, for whom, and what came of it.

Examples
  log2table test
  log2table test --pattern sshd/failed-password
  log2table test --config /etc/log2table
  log2table test door.ts
  log2table test door.ts /var/log/door.log
  log2table test --pattern sshd /var/log/auth.log
  log2table test --explain 203.0.113.9 --config /etc/log2table /var/log/auth.log

Exit status
  0   all samples are right; with a LOG: some line matches
  1   one is not; no line matches, or none holds the text
  78  the configuration has faults
`,
  async run([files], options, io) {
    const modules = files.filter((file) => /\.[cm]?[jt]s$/.test(file))
    const logs = files.filter((file) => !modules.includes(file))
    const brought = modules.length > 0 ? await setsOf(modules, options, io) : undefined
    if (brought === 'faulty') return exitStatus.no
    if (options.explain !== undefined) return await explained(options.explain, brought, logs, options, io)
    if (logs.length > 0) return await tried(brought, logs, options, io)
    return await samplesOf(brought, options, io)
  },
}

async function explained(
  text: string,
  brought: readonly TestedSet[] | undefined,
  logs: readonly string[],
  { config, as, json }: TestOptions,
  io: Io,
): Promise<ExitStatus> {
  if (logs.length === 0) throw new UserError(exitStatus.usage, '--explain needs a log that holds the line; name it')
  const options = await replayOptions(config, logs, as, io)
  if (!brought) return await explainLines(text, options, io, json)
  const [rule] = options.rules.keys()
  const feeds = [{ rule: rule!, patterns: brought.flatMap(({ patterns }) => patterns) }]
  return await explainLines(text, { ...options, logs: logs.map((path) => ({ path, feeds })) }, io, json)
}

async function tried(
  brought: readonly TestedSet[] | undefined,
  logs: readonly string[],
  { config, pattern, as, json }: TestOptions,
  io: Io,
): Promise<ExitStatus> {
  const sets = brought ?? (config === undefined ? shipped() : await setsForLogs(config, logs, as, io))
  const isWanted = pattern === undefined ? () => true : selected(sets, pattern)
  const patterns = new Set(sets.flatMap((set) => set.patterns.filter(isWanted)))
  return await tryPatterns([...patterns], logs, io, json)
}

async function setsForLogs(
  config: string,
  logs: readonly string[],
  as: string | undefined,
  io: Io,
): Promise<readonly TestedSet[]> {
  const options = await replayOptions(config, logs, as, io)
  return options.logs.flatMap(({ path, feeds }) => feeds.map(({ patterns }) => ({ name: path, patterns })))
}

async function samplesOf(
  brought: readonly TestedSet[] | undefined,
  { config, pattern, json }: TestOptions,
  io: Io,
): Promise<ExitStatus> {
  const { stdout } = io
  const sets = brought ?? [...shipped(), ...(config === undefined ? [] : await configured(config, io))]
  const isWanted = pattern === undefined ? () => true : selected(sets, pattern)
  let failed = 0
  for (const { name, patterns } of sets) {
    const report = runSamples(patterns, scannerOf, isWanted)
    if (report.patterns === 0) continue
    const { faults } = report
    failed += faults.length
    if (json) {
      for (const fault of faults) stdout.write(`${jsonLine({ kind: 'fault', set: name, ...fault })}\n`)
      stdout.write(`${jsonLine({ kind: 'set', set: name, ...report, faults: faults.length })}\n`)
      continue
    }
    for (const fault of faults) stdout.write(faultText(fault))
    const verdict = faults.length === 0 ? paint(stdout, 'green', 'all right') : paint(stdout, 'red', `${faults.length} wrong`)
    stdout.write(`${escapeText(name)}: ${count(report.patterns, 'pattern')}, ${count(report.samples, 'sample')}, ${verdict}\n`)
    if (report.unproved.length > 0)
      stdout.write(`  without a line to prove them: ${report.unproved.map(escapeText).join(', ')}\n`)
  }
  return failed === 0 ? exitStatus.done : exitStatus.no
}

/** The patterns of files, checked and linted; what is wrong is told. */
async function setsOf(
  files: readonly string[],
  { json }: TestOptions,
  { stdout, stderr, env }: Io,
): Promise<readonly TestedSet[] | 'faulty'> {
  leaveRoot({ env })
  const sets: TestedSet[] = []
  let isFaulty = false
  for (const file of files) {
    const run = await loadFile(file)
    const checked = 'exports' in run ? checkFile(run.exports) : { ...run, sets: [], rules: [] }
    for (const fault of checked.faults) {
      const placed = { file, ...fault }
      isFaulty ||= fault.severity === 'fault'
      if (json) stdout.write(`${jsonLine(faultRecord(placed))}\n`)
      else stderr.write(`${formatFault(placed)}\n`)
    }
    for (const [name, patterns] of checked.sets) sets.push({ name, patterns })
    if (!json) for (const rule of checked.rules) stdout.write(`${escapeText(rule)}: a rule\n`)
  }
  return isFaulty ? 'faulty' : sets
}

function faultText({ pattern, sample, line, expected, came }: SampleFault): string {
  const lines = line.split('\n').map((one) => `  ${escapeText(one)}\n`)
  return `${escapeText(pattern)}, ${sample}:\n${lines.join('')}    expected ${escapeText(expected)}\n    came     ${escapeText(came)}\n`
}

function shipped(): readonly TestedSet[] {
  return Object.entries(shippedSets).map(([name, patterns]) => ({ name, patterns }))
}

async function configured(folder: string, io: Io): Promise<readonly TestedSet[]> {
  const { logs } = await loadOrExplain(folder, io)
  return logs.flatMap(({ key, feeds }) => feeds.map(({ rule, patterns }) => ({ name: `${key} for ${rule}`, patterns })))
}

/** Those whose name, or whose set's name, is this one. */
function selected(sets: readonly TestedSet[], wanted: string): (pattern: Pattern) => boolean {
  const isWanted = ({ name, set }: Pattern) => name === wanted || set?.name === wanted
  const all = sets.flatMap(({ patterns }) => patterns)
  if (all.some(isWanted)) return isWanted
  const meant = nearest(
    wanted,
    all.flatMap(({ name, set }) => [name ?? '', set?.name ?? '']),
  )
  throw new UserError(
    exitStatus.usage,
    `no pattern is called "${escapeText(wanted)}"${meant ? `; did you mean "${meant}"?` : ''}`,
  )
}
