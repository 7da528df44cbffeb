import { formatDuration } from '../base/duration.ts'
import { escapeText } from '../base/escape.ts'
import { isoTime, MINUTE_MS } from '../base/units.ts'
import type { BlindSpot } from './blind-spots.ts'

/** A sentence for people. */
export function blindSpotText({ log, set, lastHitAt, usualGapMs }: Omit<BlindSpot, 'lines' | 'nearest'>): string {
  const usual = formatDuration(Math.round(usualGapMs / MINUTE_MS) * MINUTE_MS)
  return `no line of ${escapeText(log)} has matched ${escapeText(set)} since ${isoTime(lastHitAt)}, though its program goes on logging and one in ${usual} is usual`
}

/** The same for JSON. */
export function blindSpotRecord({ log, set, lastHitAt, usualGapMs, lines, nearest }: BlindSpot) {
  const missed = nearest().map(({ line, near }) => ({
    line,
    pattern: near?.pattern.name ?? null,
    fits: near?.fits ?? null,
    wants: near?.wants ?? null,
  }))
  return { log, set, lastHitAt: isoTime(lastHitAt), usualGapMs, lines, missed }
}
