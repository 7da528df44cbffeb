import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './units.ts'

/** A length of time as a user writes it: `90s`, `10m`, `1h`, `7d`, `2w`, or several together, `1d12h`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}` | (string & {})

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
}
const wholeDuration = /^(?:\d+(?:ms|[smhdw]))+$/
const oneUnit = /(\d+)(ms|[smhdw])/g

/** The greatest duration there is: 100 years, so that a sum with an instant stays a date. */
export const DURATION_MS_MAX = 36_525 * DAY_MS

/** Milliseconds of a duration; undefined where the text is none (`1 hour`, `-5m`, `1.5h`, `0s`). */
export function parseDuration(text: string): number | undefined {
  if (!wholeDuration.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(oneUnit)) ms += Number(count) * unitMs[unit!]!
  return ms > 0 && ms <= DURATION_MS_MAX ? ms : undefined
}

/** The same in the largest units, `1d12h`; `0s` for nothing. Above a minute it is rounded to seconds. */
export function formatDuration(ms: number): string {
  let rest = ms < MINUTE_MS ? Math.round(ms) : Math.round(ms / SECOND_MS) * SECOND_MS
  let text = ''
  for (const [unit, size] of [
    ['d', DAY_MS],
    ['h', HOUR_MS],
    ['m', MINUTE_MS],
    ['s', SECOND_MS],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text || '0s'
}
