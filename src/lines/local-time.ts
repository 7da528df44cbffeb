import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'

/**
 * The instant at which a clock on the wall shows this time; `wall` is that time read as if it were UTC. Without a zone the
 * clock is this machine's.
 *
 * A time that comes twice, when clocks are set back, is the earlier one, so that nothing counts for longer than it should.
 * A time that is left out, when they are set forward, is what it would be had they not been set.
 */
export function instantOfWall(wall: number, zone: string | undefined): Instant {
  const clock = zone === undefined ? machineClock : clockOf(zone)
  // Clocks are set at quarters of an hour, and lines come in order: one quarter's offset serves thousands of them.
  const quarter = Math.floor(wall / QUARTER_MS)
  if (quarter !== clock.quarter) {
    clock.offsetMs = offsetAtWall(wall, clock.offsetAt)
    clock.quarter = quarter
  }
  return wall - clock.offsetMs
}

const QUARTER_MS = 15 * MINUTE_MS

interface Clock {
  /** How far the clock is ahead of UTC, in milliseconds. */
  readonly offsetAt: (at: Instant) => number
  quarter: number
  offsetMs: number
}

const machineClock: Clock = newClock((at) => -new Date(at).getTimezoneOffset() * MINUTE_MS)
/** By the zones of the parameters file; there are never more than it has logs. */
const clocks = new Map<string, Clock>()

function clockOf(zone: string): Clock {
  let clock = clocks.get(zone)
  if (!clock) {
    clock = newClock(offsetsOf(zone))
    clocks.set(zone, clock)
  }
  return clock
}

function newClock(offsetAt: Clock['offsetAt']): Clock {
  return { offsetAt, quarter: Number.NaN, offsetMs: 0 }
}

function offsetAtWall(wall: number, offsetAt: Clock['offsetAt']): number {
  const before = offsetAt(wall - DAY_MS)
  const after = offsetAt(wall + DAY_MS)
  if (before === after || offsetAt(wall - before) === before) return before
  return offsetAt(wall - after) === after ? after : before
}

/** Whether `instantOfWall` knows a zone of this name. */
export function isZone(zone: string): boolean {
  try {
    offsetsOf(zone)
    return true
  } catch {
    return false
  }
}

/** `+02:00`, `-0330`, or a name of the IANA database; throws a RangeError for any other. */
function offsetsOf(zone: string): Clock['offsetAt'] {
  const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(zone)
  if (fixed) {
    const ms = Number(fixed[2]) * HOUR_MS + Number(fixed[3]) * MINUTE_MS
    return () => (fixed[1] === '-' ? -ms : ms)
  }
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  return (at) => {
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')!.value
    const [, sign, hours, minutes, seconds] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name)!
    const ms = Number(hours ?? 0) * HOUR_MS + Number(minutes ?? 0) * MINUTE_MS + Number(seconds ?? 0) * SECOND_MS
    return sign === '-' ? -ms : ms
  }
}
