import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Log } from '../base/log.ts'
import { ourFile } from '../base/our-files.ts'
import { defaultsFor } from '../parameters/defaults.ts'
import type { Configuration } from '../parameters/parameters.ts'
import { defaults } from './defaults.ts'

/** A configuration for those who only want to see: nothing outside its folder is written, no firewall is touched. */
export interface Attempt {
  readonly configuration: Configuration
  /** Where the machine has no logs of its own, the sample logs begin to be written. */
  play(): void
  stop(): void
}

const samples = ourFile('examples/sample/')
const sampleLogs = ['authlog', 'access.log']
/** A line of the sample logs is written this often, so that a person can follow. */
const SAMPLE_LINE_MS = 20

export function tryConfiguration(folder: string, log: Log): Attempt {
  const stateFolder = resolve(folder)
  const own = { stateFolder, control: join(stateFolder, 'control.sock') }
  const { configuration, found, areEmpty, notFound } = defaults()
  const missing = notFound.map(({ key, reason }) => `${key} (${reason})`).join(', ')
  if (!areEmpty) {
    log.info(`following ${found.join(', ')}; not there: ${missing}`)
    log.info('a dry run: what would be banned is printed, no firewall is touched')
    return { configuration: { ...configuration, ...own }, play() {}, stop() {} }
  }
  log.info(
    found.length > 0 ? `empty: ${found.join(', ')}; not there: ${missing}` : `no log of this machine can be read: ${missing}`,
  )
  log.info('playing the sample logs of examples/sample instead, into a dry run')
  const played = join(stateFolder, 'sample')
  const paths = sampleLogs.map((name) => join(played, name))
  let timer: NodeJS.Timeout | undefined
  return {
    configuration: { ...defaultsFor(paths), ...own },
    play() {
      rmSync(played, { recursive: true, force: true })
      mkdirSync(played, { recursive: true })
      const lines = interleaved(sampleLogs.map((name) => linesOf(name).map((line) => ({ path: join(played, name), line }))))
      timer = setInterval(() => {
        const next = lines.shift()
        if (next) appendFileSync(next.path, next.line)
        else {
          clearInterval(timer)
          log.info('the sample logs are over; "log2table --socket .run/control.sock bans" lists who is banned, Ctrl-C ends')
        }
      }, SAMPLE_LINE_MS)
    },
    stop: () => clearInterval(timer),
  }
}

function linesOf(name: string): readonly string[] {
  return readFileSync(new URL(name, samples), 'utf8').match(/.*\n/g) ?? []
}

function interleaved<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat()
}
