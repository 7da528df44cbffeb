import { escapeText, jsonLine } from '../base/escape.ts'
import { localTime } from '../base/local-time.ts'
import { decisionRecord } from '../core/decision-record.ts'
import type { BanDecision } from '../core/model.ts'
import type { Comparison, Difference } from '../history/comparison.ts'
import type { Io } from './command.ts'
import { count, roughly, writeTable } from './output.ts'

/** So many addresses are named in the summary. */
const NAMED_MAX = 10

/** What changes for whom: the differences as a table or as JSON, a summary on standard error. */
export function writeComparison(comparison: Comparison, { stdout, stderr }: Io, json: boolean | undefined): void {
  const { differences, same, before, after } = comparison
  if (json) {
    for (const one of differences) stdout.write(`${jsonLine(differenceRecord(one))}\n`)
    stderr.write(`${jsonLine({ kind: 'comparison', ...countsOf(differences), same, before, after })}\n`)
    return
  }
  if (differences.length > 0) {
    const header = ['CHANGE', 'ADDRESS', 'BEFORE', 'AFTER', 'LOGIN', 'WHY']
    writeTable(stdout, header, differences.map(differenceRow))
  }
  const { gained, lost, earlier, later } = countsOf(differences)
  const lines = [
    `bans: ${gained} gained, ${lost} lost, ${earlier} earlier, ${later} later, ${same} the same`,
    ...[['before', before] as const, ['after', after] as const].map(([side, { bans, addresses, falsePositives }]) => {
      const [first, more] = [falsePositives.slice(0, NAMED_MAX), falsePositives.length - NAMED_MAX]
      const named = first.length > 0 ? `: ${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}` : ''
      const mistakes = `${count(falsePositives.length, 'address', 'addresses')} that also logged in${named}`
      return `${side}: ${count(bans, 'ban')} of ${count(addresses, 'address', 'addresses')}, ${mistakes}`
    }),
  ]
  stderr.write(`${lines.join('\n')}\n`)
}

function countsOf(differences: readonly Difference[]): Readonly<Record<Difference['change'], number>> {
  const counts = { gained: 0, lost: 0, earlier: 0, later: 0 }
  for (const { change } of differences) counts[change]++
  return counts
}

function differenceRecord({ change, address, before, after, hasLoggedIn }: Difference): object {
  const record = (ban: BanDecision | undefined) => (ban ? decisionRecord(ban) : null)
  const differsMs = before && after ? after.at - before.at : null
  return { kind: 'difference', change, address, differsMs, hasLoggedIn, before: record(before), after: record(after) }
}

function differenceRow({ change, address, before, after, hasLoggedIn }: Difference): readonly string[] {
  const time = (ban: BanDecision | undefined) => (ban ? localTime(ban.at) : '-')
  const what = before && after ? `${change} by ${roughly(Math.abs(after.at - before.at))}` : change
  const { rule, score, reason } = (after ?? before)!
  const why = `${rule} ${score} points${reason === '' ? '' : `: ${reason}`}`
  return [what, address, time(before), time(after), hasLoggedIn ? 'logged in' : '-', escapeText(why)]
}
