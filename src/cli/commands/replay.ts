import { jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import { type ReplaySummary, replay as replayLogs } from '../../daemon/replay.ts'
import { alwaysProtected } from '../../firewall/protected.ts'
import { defaultsFor } from '../../parameters/defaults.ts'
import type { Configuration, LogEntry } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { loadOrExplain } from '../configuration.ts'
import { count, decisionLine } from '../output.ts'
import { keyOfLog } from '../which-log.ts'

interface Options extends JsonOption {
  readonly config?: string
  readonly as?: string
}

export const replay: Command<[logs: readonly string[]], Options> = {
  declare(syntax) {
    syntax
      .argument('<log...>', 'old logs, plain or .gz; several are brought into one order by the time of their lines')
      .option('--config <dir>', 'use this configuration instead of the shipped patterns')
      .option('--as <key>', "read all of them with the patterns of this key of the configuration's logs")
      .option(...jsonOption)
  },
  help: `
Prints each decision that would have been taken, by the times of the lines themselves, and a summary on standard error.
Nothing is stored, no table is touched, no address of this machine is looked up.

Examples:
  log2table replay /var/log/auth.log
  log2table replay --config /etc/log2table /var/log/auth.log.*.gz /var/log/auth.log
  log2table replay --config . --as /var/log/authlog old/authlog-2025 --json
`,
  async run([logs], { config, as, json }, io) {
    const configuration = config === undefined ? defaultsFor(logs) : await loadOrExplain(config, io)
    const startedAt = performance.now()
    let text = ''
    const flush = () => {
      if (text !== '') io.stdout.write(text)
      text = ''
    }
    const summary = await replayLogs({
      rules: configuration.rules,
      tables: new Set(configuration.tables.keys()),
      logs: logs.map((path) => ({ path, ...entryFor(configuration, path, as, config) })),
      protection: { ignored: configuration.ignore.networks, protected: alwaysProtected },
      onDecision: (decision) => {
        text += decisionLine(decision, io.stdout, { json })
        if (text.length > OUTPUT_CHARACTERS) flush()
      },
      say: (message) => io.stderr.write(`log2table: ${message}\n`),
    })
    flush()
    writeSummary(summary, (performance.now() - startedAt) / 1000, io, json)
    return exitStatus.done
  },
}

/** Output is collected up to this length before it is written. */
const OUTPUT_CHARACTERS = 64 * 1024

function entryFor(configuration: Configuration, path: string, as: string | undefined, folder: string | undefined): LogEntry {
  const keys = configuration.logs.map(({ key }) => key)
  const key = folder === undefined ? path : keyOfLog(path, as, keys)
  const entry = configuration.logs.find((one) => one.key === key)
  if (entry) return entry
  const known = keys.map((one) => `"${one}"`).join(', ')
  const what = as === undefined ? `no key of its logs matches ${path}` : `its logs have no key "${as}"`
  throw new UserError(exitStatus.usage, `${folder}/parameters.ts: ${what}; name one with --as: ${known}`)
}

function writeSummary(summary: ReplaySummary, seconds: number, io: Io, json: boolean | undefined): void {
  const { hitsByPattern, ...counts } = summary
  const linesPerSecond = Math.round(summary.lines / seconds)
  const patterns = [...hitsByPattern].sort(([a, hitsA], [b, hitsB]) => hitsB - hitsA || (a < b ? -1 : 1))
  if (json) {
    io.stderr.write(
      `${jsonLine({ kind: 'summary', ...counts, seconds, linesPerSecond, hitsByPattern: Object.fromEntries(patterns) })}\n`,
    )
    return
  }
  const lines = [
    `${count(summary.lines, 'line')}, ${(summary.bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s: ${count(linesPerSecond, 'line')}/s`,
    `${count(summary.hits, 'hit')} of ${count(summary.addresses, 'address', 'addresses')}, ${count(summary.bans, 'ban')}`,
    ...(summary.overlongLines > 0 ? [`${count(summary.overlongLines, 'line')} over the cap, skipped`] : []),
    ...(summary.withoutAddress > 0
      ? [`${count(summary.withoutAddress, 'match', 'matches')} without a strict address, passed over`]
      : []),
    ...patterns.map(([pattern, hits]) => `${String(hits).padStart(10)}  ${pattern}`),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
