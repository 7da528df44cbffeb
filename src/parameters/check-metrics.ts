import { isAbsolute } from 'node:path'
import { type Duration, parseDuration } from '../base/duration.ts'
import { HOUR_MS, SECOND_MS } from '../base/units.ts'
import { durationFault, isRecord, showValue } from '../base/value.ts'
import type { Findings } from './fault.ts'

/** A file that is written again and again with what the daemon counts. */
export interface MetricsParameters {
  /** For node_exporter's textfile collector: a path that ends in `.prom`, in a folder that the engine's user may write. */
  readonly file: string
  /** How often it is written. Default 15s. */
  readonly every?: Duration
}

/** The same, checked, with the default in place. */
export interface Metrics {
  readonly file: string
  readonly everyMs: number
}

const EVERY_MS = 15 * SECOND_MS
const EXAMPLE = "write { file: '/var/lib/log2table-metrics/log2table.prom' }"

export function checkMetrics(raw: unknown, findings: Findings): Metrics | undefined {
  if (raw === undefined) return undefined
  const path = ['metrics']
  if (!isRecord(raw)) {
    findings.fault(path, `${showValue(raw)} is not an object`, EXAMPLE)
    return undefined
  }
  findings.keys(path, raw, ['file', 'every'])
  const { file, every } = raw
  if (typeof file !== 'string' || !isAbsolute(file) || !file.endsWith('.prom') || file.includes('\0')) {
    findings.fault([...path, 'file'], `${showValue(file)} is no absolute path that ends in .prom`, EXAMPLE)
    return undefined
  }
  if (every === undefined) return { file, everyMs: EVERY_MS }
  const fault = durationFault(every)
  findings.value([...path, 'every'], fault)
  if (fault) return undefined
  const everyMs = parseDuration(every as Duration)!
  if (everyMs < SECOND_MS || everyMs > HOUR_MS)
    findings.fault([...path, 'every'], `${showValue(every)} is out of range`, "write from '1s' to '1h'")
  return { file, everyMs }
}
