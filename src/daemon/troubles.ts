import { formatDuration } from '../base/duration.ts'
import { escapeText } from '../base/escape.ts'
import { MINUTE_MS } from '../base/units.ts'
import { blindSpotText } from './blind-spot-text.ts'
import type { StatusReport } from './control-protocol.ts'

/** A log that is further behind than this is trouble. */
const LAG_MS_MAX = MINUTE_MS
/** A bound that is used to this part is trouble: there is still time to do something. */
const BOUND_USED_MAX = 0.8

/**
 * All that is not well, worst first, one sentence each; nothing where all is well. What a stranger named is escaped.
 * Entries that are on their way into a table are no trouble, a table that falls behind is.
 */
export function troublesOf(report: StatusReport): readonly string[] {
  return [
    ...report.tables.flatMap((table) => {
      if (table.state === 'enforcing') return []
      const held = `${table.enforced} of ${table.desired} entries are in force`
      return `table ${table.table} (${table.kind}) is ${table.state}: ${held}${because(table.reason)}`
    }),
    ...(report.store.state === 'keeping'
      ? []
      : [
          `the store ${escapeText(report.store.path)} is ${report.store.state}: ${report.store.pending} changes wait${because(report.store.reason)}`,
        ]),
    ...report.rules.flatMap((rule) =>
      rule.state === 'running' ? [] : `rule ${rule.rule} is ${rule.state}${because(rule.reason)}`,
    ),
    ...report.patterns.map(({ pattern, state, reason }) => {
      const name = escapeText(pattern)
      return `pattern ${name} is ${state}: it ${escapeText(reason)}; "log2table release ${name}" tries it again`
    }),
    ...report.logs.flatMap((log) => {
      if (log.state === 'waiting') return `log ${escapeText(log.log)} is not read${because(log.reason)}`
      if (log.lagMs !== null && log.lagMs > LAG_MS_MAX) return `log ${escapeText(log.log)} is ${formatDuration(log.lagMs)} behind`
      return []
    }),
    ...report.blindSpots.map((spot) => blindSpotText({ ...spot, lastHitAt: Date.parse(spot.lastHitAt) })),
    ...report.bounds.flatMap(({ name, limit, used, mayBeFull }) =>
      used > limit * BOUND_USED_MAX && !mayBeFull ? `${name}: ${used} of at most ${limit} are used` : [],
    ),
    ...report.troubles,
  ]
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${escapeText(reason)}`
}
