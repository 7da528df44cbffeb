import { showValue, unknownKeyFault } from '../base/value.ts'
import { isZone } from '../lines/local-time.ts'
import type { Findings } from './fault.ts'
import type { LogEntry } from './parameters.ts'

/** The logs, each with the zone of its dates where one was set for it. */
export function checkZones(raw: unknown, logs: readonly LogEntry[], findings: Findings): readonly LogEntry[] {
  if (raw === undefined) return logs
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    findings.fault(['zones'], `${showValue(raw)} is not an object`, "write zones: { '/var/log/authlog': 'Europe/Berlin' }")
    return logs
  }
  const keys = logs.map(({ key }) => key)
  const zones = new Map<string, string>()
  for (const [key, zone] of Object.entries(raw)) {
    const path = ['zones', key]
    if (!keys.includes(key)) findings.value(path, unknownKeyFault(key, keys))
    if (typeof zone === 'string' && isZone(zone)) zones.set(key, zone)
    else findings.fault(path, `${showValue(zone)} is no time zone`, "write a name such as 'Europe/Berlin', 'UTC' or '+02:00'")
  }
  return logs.map((log) => {
    const zone = zones.get(log.key)
    return zone === undefined ? log : { ...log, zone }
  })
}
