import { join } from 'node:path'
import { writeLog } from '../generate.ts'
import type { LogKind, LogOptions } from '../logs/log.ts'
import { workFolder } from './work-folder.ts'

/** The options of the logs that everything is measured on; `SEED` gives others. */
export function benchLog(kind: LogKind): LogOptions {
  const days = 4
  const now = Math.floor(Date.now() / 1000) * 1000
  return { kind, lines: 1_000_000, seed: Number(process.env.SEED ?? 1), startAt: now - days * 86_400_000, days }
}

/** Writes such a log into the folder of this run; it ends about now, so that nothing takes its lines for too old. */
export async function writeBenchLog(kind: LogKind, lines: number): Promise<string> {
  const file = join(workFolder, `${kind}-${lines}.log`)
  await writeLog({ ...benchLog(kind), lines }, file)
  return file
}
