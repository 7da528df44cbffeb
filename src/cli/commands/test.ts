import { escapeText, jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { nearest } from '../../base/nearest.ts'
import { UserError } from '../../base/user-error.ts'
import type { Pattern } from '../../matching/pattern.ts'
import { regexpScanner } from '../../matching/regexp-scanner.ts'
import { runSamples, type SampleFault } from '../../matching/samples.ts'
import * as shippedSets from '../../patterns/index.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { loadOrExplain } from '../configuration.ts'
import { count, paint } from '../output.ts'

export interface TestOptions extends JsonOption {
  readonly config?: string
  readonly pattern?: string
}

/** Patterns that are used together, and so must be tested together. */
interface TestedSet {
  readonly name: string
  readonly patterns: readonly Pattern[]
}

export const test: Command<[], TestOptions> = {
  declare: (syntax) =>
    syntax
      .option('--config <dir>', 'the patterns of this configuration too, as each log has them together')
      .option('--pattern <name>', 'only this pattern (sshd/failed-password), or this set (sshd)')
      .option(...jsonOption),
  help: `
Every pattern has sample lines: some that it must match and the address that
they must give, some that it must not match, and some that an attacker could
write to have somebody else banned. Each that does not do so is printed, with
what was expected and what came.

Examples
  log2table test
  log2table test --pattern sshd/failed-password
  log2table test --config /etc/log2table

Exit status
  0   all samples are right
  1   one is not
  78  the configuration has faults
`,
  async run(_, { config, pattern, json }, io) {
    const { stdout } = io
    const sets = [...shipped(), ...(config === undefined ? [] : await configured(config, io))]
    const isWanted = pattern === undefined ? () => true : selected(sets, pattern)
    let failed = 0
    for (const { name, patterns } of sets) {
      const report = runSamples(patterns, regexpScanner, isWanted)
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
  },
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
