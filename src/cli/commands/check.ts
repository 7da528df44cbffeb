import { escapeText, jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { type PatternReport, reportPatterns } from '../../matching/pattern-report.ts'
import { loadConfiguration } from '../../parameters/load.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import {
  faultRecord,
  formatFault,
  isNotable,
  notesOf,
  patternLines,
  patternRecord,
  summaryLines,
  summaryRecord,
} from '../../parameters/report.ts'
import { type Command, type JsonOption, jsonOption, type Output } from '../command.ts'
import { leaveRoot } from '../configuration.ts'
import { count, number, writeTable } from '../output.ts'

interface CheckOptions extends JsonOption {
  readonly config: string
  readonly patterns?: true
}

export const check: Command<[], CheckOptions> = {
  declare: (syntax) => {
    syntax
      .option('--config <dir>', 'folder with parameters.ts', CONFIGURATION_FOLDER)
      .option('--patterns', 'list how every pattern is looked for, not only those that may cost much')
      .option(...jsonOption)
  },
  help: `
Reads the configuration as the daemon would, and says everything that is wrong
with it: each fault with its place, what is wrong, and what to write instead.
Nothing is followed and no table is touched. Faults go to standard error, a
summary of what the configuration holds to standard output.

The summary names the patterns that are no automaton (on some line they may take
too long, and are quarantined then) and those that are tried on every line. With
--patterns all are listed instead: engine, number of states, what they read, the
texts of which a line must hold one, and what may make them slow.

Examples
  log2table check
  log2table check --config . --patterns | less -S

Exit status
  0   no fault; warnings do not count
  78  there is one
`,
  run: async (_args, { config, patterns, json }, { stdout, stderr, env }) => {
    leaveRoot({ env })
    const { configuration, faults } = await loadConfiguration(config)
    const status = configuration ? exitStatus.done : exitStatus.configuration
    const logs = configuration?.logs.map(({ feeds }) => feeds) ?? []
    const reports = reportPatterns(logs, { countsStates: patterns ?? false })
    if (json) {
      for (const fault of faults) stdout.write(`${jsonLine(faultRecord(fault))}\n`)
      if (configuration) stdout.write(`${jsonLine(summaryRecord(configuration))}\n`)
      for (const report of reports) if (patterns || isNotable(report)) stdout.write(`${jsonLine(patternRecord(report))}\n`)
      return status
    }
    for (const fault of faults) stderr.write(`${formatFault(fault)}\n`)
    if (configuration && patterns) writePatterns(reports, stdout)
    else if (configuration) {
      for (const line of [...summaryLines(configuration), ...patternLines(reports)]) stdout.write(`${line}\n`)
    }
    const warnings = faults.filter(({ severity }) => severity === 'warning').length
    const counts = [count(faults.length - warnings, 'fault'), ...(warnings > 0 ? [count(warnings, 'warning')] : [])]
    if (faults.length > 0) stderr.write(`${counts.join(', ')}\n`)
    return status
  },
}

function writePatterns(reports: readonly PatternReport[], stdout: Output): void {
  const rows = reports.map((report) => [
    escapeText(report.pattern),
    report.engine,
    report.states === undefined ? '-' : number(report.states),
    report.reads,
    (report.literals ?? []).map((literal) => jsonLine(literal)).join(' ') || '-',
    notesOf(report) || '-',
  ])
  writeTable(stdout, ['PATTERN', 'ENGINE', 'STATES', 'READS', 'LITERALS', 'NOTES'], rows)
}
