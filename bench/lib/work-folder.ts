import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An empty folder for this run, gone when the process ends. */
export const workFolder: string = mkdtempSync(join(tmpdir(), 'log2table-bench-'))

process.on('exit', () => rmSync(workFolder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
