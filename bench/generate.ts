import { createWriteStream } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { generateLog, type LogOptions, type LogSummary } from './logs/log.ts'

/** Writes a log to a file, and sets the file's time of change to the last line's, as dates without a year need it. */
export async function writeLog(options: LogOptions, file: string): Promise<LogSummary> {
  const summary = await writeTo(createWriteStream(file), options)
  await utimes(file, summary.lastAt / 1000, summary.lastAt / 1000)
  return summary
}

async function writeTo(out: NodeJS.WritableStream, options: LogOptions): Promise<LogSummary> {
  let summary: LogSummary | undefined
  await pipeline(async function* () {
    summary = yield* generateLog(options)
  }, out)
  return summary!
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      kind: { type: 'string', default: 'auth' },
      lines: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      start: { type: 'string', default: '2025-03-03T00:00:00Z' },
      days: { type: 'string', default: '4' },
      out: { type: 'string' },
    },
  })
  const [lines, seed, days, startAt] = [Number(values.lines), Number(values.seed), Number(values.days), Date.parse(values.start)]
  if (
    (values.kind !== 'auth' && values.kind !== 'access') ||
    !(lines > 0) ||
    !Number.isSafeInteger(seed) ||
    !(days > 0) ||
    Number.isNaN(startAt)
  ) {
    console.error(
      'usage: node bench/generate.ts [--kind auth|access] [--lines N] [--seed N] [--start ISO-TIME] [--days N] [--out FILE]',
    )
    process.exit(64)
  }
  const options: LogOptions = { kind: values.kind, lines, seed, startAt, days }
  const summary = values.out ? await writeLog(options, values.out) : await writeTo(process.stdout, options)
  console.error(
    `seed ${seed}: ${summary.lines} lines, ${summary.attackLines} of attacks, last at ${new Date(summary.lastAt).toISOString()}`,
  )
}
