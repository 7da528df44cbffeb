import type { PatternSet } from '../matching/pattern.ts'
import { defaultsWith } from '../parameters/defaults.ts'
import type { Configuration } from '../parameters/parameters.ts'
import * as shipped from '../patterns/index.ts'
import type { SetName } from './init/known-logs.ts'
import { lookForLogs } from './init/logs.ts'
import { type Site, thisSite } from './init/site.ts'

/** A configuration for a machine that has none, and how it came about. */
export interface Defaults {
  /** Bans only on paper: its table is a dry run. */
  readonly configuration: Configuration
  /** Logs that are there and readable, as they stand in the configuration. */
  readonly found: readonly string[]
  /** None of them holds anything. */
  readonly areEmpty: boolean
  /** Those that a machine should have, and all that are closed to us. */
  readonly notFound: readonly { readonly key: string; readonly reason: 'no such file' | 'permission denied' }[]
}

const setOf: Readonly<Record<SetName, PatternSet>> = shipped

/** Looks at the machine as `init` does: which of the logs that we know are there, each with the patterns that belong to it. */
export function defaults(site: Site = thisSite()): Defaults {
  const { found, absent } = lookForLogs(site)
  const isOpen = ({ files }: { readonly files: readonly string[] }) => files.some(site.isReadable)
  const open = found.filter(isOpen)
  const closed = found.filter((log) => !isOpen(log))
  return {
    configuration: defaultsWith(open.map(({ key, sets }) => ({ key, patterns: sets.flatMap((set) => setOf[set]) }))),
    found: open.map(({ key }) => key),
    areEmpty: open.every(({ files }) => files.every(site.isEmpty)),
    notFound: [
      ...closed.map(({ key }) => ({ key, reason: 'permission denied' as const })),
      ...absent.map((key) => ({ key, reason: 'no such file' as const })),
    ],
  }
}
