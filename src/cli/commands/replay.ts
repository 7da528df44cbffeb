import type { Address } from '../../base/address.ts'
import { escapeText, jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { Decision } from '../../core/model.ts'
import { blindSpotRecord, blindSpotText } from '../../daemon/blind-spot-text.ts'
import { type ReplaySummary, replay as replayLogs } from '../../daemon/replay.ts'
import { compare, type Outlook } from '../../history/comparison.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { writeComparison } from '../comparison.ts'
import { count, decisionLine } from '../output.ts'
import { type Progress, progressOn } from '../progress.ts'
import { replayOptions } from '../replay-options.ts'

interface Options extends JsonOption {
  readonly config?: string
  readonly as?: string
  readonly against?: string
}

export const replay: Command<[logs: readonly string[]], Options> = {
  declare(syntax) {
    syntax
      .argument(
        '<log...>',
        'old logs or captures, plain or .gz, - for standard input; several are brought into one order by the time of their lines',
      )
      .option('--config <dir>', 'use this configuration instead of the shipped patterns')
      .option('--as <key>', "read all of them with the patterns of this key of the configuration's logs")
      .option('--against <dir>', 'say what would change with the configuration of this folder: bans gained, lost, earlier, later')
      .option(...jsonOption)
  },
  help: `
Prints each decision that would have been taken, by the times of the lines themselves, and a summary on standard error.
Nothing is stored, no table is touched, no address of this machine is looked up.

With --against, prints what the other configuration would have changed: each ban that only one of them comes to, or both
but not at the same time. Two bans of an address are the same where they overlap in time. LOGIN says of whom the same
logs hold an accepted login: those bans are mistakes, as far as can be known.

Examples
  log2table replay /var/log/auth.log
  log2table replay --config /etc/log2table /var/log/auth.log.*.gz /var/log/auth.log
  log2table replay --config . --as pflog:pflog0 /var/log/pflog.0.gz
  log2table replay --config . --as /var/log/authlog old/authlog-2025 --json
  log2table replay --config /etc/log2table --against ./new /var/log/auth.log*
`,
  async run([logs], options, io) {
    return options.against === undefined ? await decide(logs, options, io) : await comparing(logs, options.against, options, io)
  },
}

async function decide(logs: readonly string[], { config, as, json }: Options, io: Io): Promise<ExitStatus> {
  const startedAt = performance.now()
  const progress = progressOn(io.stderr, () => performance.now())
  let text = ''
  const flush = () => {
    progress.clear()
    if (text !== '') io.stdout.write(text)
    text = ''
  }
  const summary = await replayLogs({
    ...(await replayOptions(config, logs, as, io)),
    say: sayOver(progress, io),
    onProgress: progress.at,
    onDecision: (decision) => {
      text += decisionLine(decision, io.stdout, { json })
      if (text.length > OUTPUT_CHARACTERS) flush()
    },
  })
  flush()
  writeSummary(summary, (performance.now() - startedAt) / 1000, io, json)
  return exitStatus.done
}

async function comparing(logs: readonly string[], against: string, { config, as, json }: Options, io: Io): Promise<ExitStatus> {
  if (logs.includes('-')) throw new UserError(exitStatus.usage, 'standard input can be read only once; --against needs a file')
  const both = [await replayOptions(config, logs, as, io), await replayOptions(against, logs, as, io)]
  const progress = progressOn(io.stderr, () => performance.now())
  const outlooks: Outlook[] = []
  for (const [turn, one] of both.entries()) {
    const decisions: Decision[] = []
    const logins = new Set<Address>()
    await replayLogs({
      ...one,
      say: sayOver(progress, io),
      onProgress: (share) => progress.at((turn + share) / both.length),
      onDecision: (decision) => decisions.push(decision),
      onLogin: (source) => logins.add(source),
    })
    outlooks.push({ decisions, logins })
  }
  progress.clear()
  writeComparison(compare(outlooks[0]!, outlooks[1]!), io, json)
  return exitStatus.done
}

function sayOver(progress: Progress, { stderr }: Io): (message: string) => void {
  return (message) => {
    progress.clear()
    stderr.write(`log2table: ${message}\n`)
  }
}

/** Output is collected up to this length before it is written. */
const OUTPUT_CHARACTERS = 64 * 1024

function writeSummary(summary: ReplaySummary, seconds: number, io: Io, json: boolean | undefined): void {
  const { hitsByPattern, quarantined, blindSpots: blind, ...counts } = summary
  const linesPerSecond = Math.round(summary.lines / seconds)
  const patterns = [...hitsByPattern].sort(([a, hitsA], [b, hitsB]) => hitsB - hitsA || (a < b ? -1 : 1))
  if (json) {
    const blindSpots = blind.map(blindSpotRecord)
    io.stderr.write(
      `${jsonLine({ kind: 'summary', ...counts, seconds, linesPerSecond, blindSpots, quarantined: Object.fromEntries(quarantined), hitsByPattern: Object.fromEntries(patterns) })}\n`,
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
    ...[...quarantined].map(([pattern, reason]) => `pattern ${escapeText(pattern)} was looked for no more once it ${reason}`),
    ...blind.flatMap((spot) => [blindSpotText(spot), ...spot.nearest().map(({ line }) => `  ${escapeText(line)}`)]),
    ...patterns.map(([pattern, hits]) => `${String(hits).padStart(10)}  ${pattern}`),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
