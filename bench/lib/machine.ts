import { cpus, release, totalmem } from 'node:os'

/** What the figures were measured on, for the first line of a report. */
export function machine(): string {
  const processors = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${processors[0]?.model.trim() || 'unknown processor'}, ${processors.length} cores, ${memory}, ${process.platform} ${release()}, Node ${process.version}, ${new Date().toISOString()}`
}
