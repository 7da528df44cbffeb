import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from '../../base/units.ts'
import { roughly } from '../output.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'

/** The oldest Node that runs us: its major and minor number. */
const NODE_MIN = [22, 18] as const

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])
  if (isEnough) return ok('node', `Node ${version} runs this`)
  const wanted = NODE_MIN.join('.')
  return wrong('node', `Node ${version} is too old`, `install ${wanted} or newer, or name one with LOG2TABLE_NODE`)
}

const CAP_NET_ADMIN = 12

/** `status` is the text of /proc/self/status where there is one. */
export function rightsFinding(uid: number, status: string | undefined): Finding {
  if (uid === 0) return ok('rights', 'this is root, who may ask the firewall')
  const effective = /^CapEff:\s*([\da-f]+)$/im.exec(status ?? '')?.[1] ?? '0'
  if ((BigInt(`0x${effective}`) >> BigInt(CAP_NET_ADMIN)) & 1n)
    return ok('rights', `user ${uid} may ask the firewall (CAP_NET_ADMIN)`)
  return warning(
    'rights',
    `user ${uid} may not ask the firewall, nor look with the eyes of the daemon's user`,
    'run this as root',
  )
}

/** The last line of a log: when it says it was written, and when the file was. */
export interface LastLine {
  readonly log: string
  readonly saidAt: Instant
  readonly writtenAt: Instant
}

const YEAR_2020 = Date.UTC(2020)
/** What programs may keep to themselves before they write, and clocks may differ by. */
const DATES_APART_MAX = 10 * MINUTE_MS
const SILENCE_MAX = DAY_MS
/** Zones lie whole quarters of an hour apart, 14 hours at most. */
const ZONE_STEP = HOUR_MS / 4
const ZONE_MAX = 14 * HOUR_MS

/** Bans last by the clock, and old lines count by their dates. */
export function clockFindings(now: Instant, lines: readonly LastLine[]): readonly Finding[] {
  const about = 'clock'
  const date = new Date(now).toISOString()
  const howToSet = 'set it, and let a service such as ntpd or chrony keep it'
  if (now < YEAR_2020) return [wrong(about, `it is set to ${date}`, howToSet)]
  const inWrongZone = lines.filter(({ saidAt, writtenAt }) => isZoneApart(saidAt - writtenAt))
  const zones = inWrongZone.map(({ log, saidAt, writtenAt }) => {
    const by = `${roughly(Math.round(Math.abs(saidAt - writtenAt) / ZONE_STEP) * ZONE_STEP)} ${saidAt > writtenAt ? 'ahead of' : 'behind'}`
    return warning(
      `log ${log}`,
      `its last line is dated ${by} the time at which it was written`,
      'give this log its "zone" in parameters.ts, or its program the zone of this machine',
    )
  })
  const newest = lines.filter((line) => !inWrongZone.includes(line)).sort((a, b) => b.saidAt - a.saidAt)[0]
  if (newest === undefined) return [ok(about, `it is set to ${date}`), ...zones]
  const age = now - newest.saidAt
  if (age < -DATES_APART_MAX)
    return [wrong(about, `the last line of ${newest.log} is ${roughly(-age)} ahead of it`, howToSet), ...zones]
  if (age > SILENCE_MAX) {
    const says = `the newest line of all logs is ${roughly(age)} old by it`
    return [warning(about, says, 'see whether it is right, and whether the programs still write these logs'), ...zones]
  }
  return [ok(about, `it is set to ${date}, and the newest line of all logs is ${roughly(Math.max(0, age))} old`), ...zones]
}

function isZoneApart(apart: number): boolean {
  const steps = Math.round(Math.abs(apart) / ZONE_STEP)
  return steps > 0 && steps * ZONE_STEP <= ZONE_MAX && Math.abs(Math.abs(apart) - steps * ZONE_STEP) < MINUTE_MS
}
