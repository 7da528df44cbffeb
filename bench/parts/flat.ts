import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import { log2tableReplay } from '../lib/daemons.ts'
import { benchLog } from '../lib/logs.ts'
import { memoryOf, Running, waitFor } from '../lib/processes.ts'
import { printTable } from '../lib/turns.ts'
import { workFolder } from '../lib/work-folder.ts'
import { generateLog } from '../logs/log.ts'

/** `FLAT_LINES=100000000 node bench/bench.ts flat` takes ten times as long. */
const LINES = Number(process.env.FLAT_LINES ?? 10_000_000)
const LINES_A_DAY_MIN = 250_000
/** The dates of the lines tell no year: more than one of them could not be told from another. */
const DAYS_MAX = 300
const LOOK_MS = 250

/** Memory of `replay` over a log without end: made while it is read, and never on a disk. */
export async function flat(): Promise<void> {
  const pipe = join(workFolder, 'endless.log')
  spawnSync('mkfifo', [pipe])
  const running = new Running([...log2tableReplay, pipe])
  const out = createWriteStream(pipe)
  out.on('error', () => {}) // it ended too soon, and is asked why below
  const looks: number[] = []
  const days = Math.min(LINES / LINES_A_DAY_MIN, DAYS_MAX)
  const options = { ...benchLog('auth'), lines: LINES, days, startAt: Date.now() - days * 86_400_000 }
  const looking = new AbortController()
  const looked = (async () => {
    for await (const _ of every(LOOK_MS, undefined, { signal: looking.signal })) looks.push((await memoryOf(running.pid)).rss)
  })().catch(() => {})
  for (const chunk of generateLog(options)) {
    if (running.hasEnded) break
    if (!out.write(chunk)) await once(out, 'drain').catch(() => {})
  }
  looking.abort()
  await looked
  out.end()
  await waitFor(() => running.hasEnded, { withinMs: 60_000 })
  if (!running.output.includes(`"lines":${LINES},`)) throw new Error(`replay did not read it all: ${running.output}`)
  const after = (share: number) => mib(looks[Math.floor((looks.length - 1) * share)]!)
  printTable(`memory of replay over ${LINES / 1e6} M lines of auth.log`, [
    ['', 'RSS'],
    ['after a tenth', after(0.1)],
    ['after a half', after(0.5)],
    ['at the end', after(1)],
    ['at most', mib(Math.max(...looks))],
  ])
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
