import type { Feed, PatternSet } from '../matching/pattern.ts'
import * as shipped from '../patterns/index.ts'
import { Hackers } from '../rules/hackers.ts'
import { CONTROL_SOCKET, type Configuration, type LogEntry, stateFolderOf } from './parameters.ts'
import { dryRun } from './tables.ts'
import { withDefaults } from './with-defaults.ts'

const RULE = 'hackers'
const TABLE = 'bad_ip'

/** A log with the patterns for those who write into it. */
export interface LogWithPatterns {
  readonly key: string
  readonly patterns: PatternSet
}

/** A configuration for a machine that has none: it follows these logs, and bans only on paper. */
export function defaultsWith(
  logs: readonly LogWithPatterns[],
  { platform = process.platform }: { platform?: NodeJS.Platform } = {},
): Configuration {
  return configurationOf(
    logs.map(({ key, patterns }) => ({ key, feeds: [feedOf(patterns)] })),
    platform,
  )
}

/** The same for logs of which nobody knows what program wrote them: every shipped pattern is tried on every line. */
export function defaultsFor(
  logs: readonly string[],
  { platform = process.platform }: { platform?: NodeJS.Platform } = {},
): Configuration {
  const feeds = [feedOf(Object.values(shipped).flat())]
  return configurationOf(
    logs.map((key) => ({ key, feeds })),
    platform,
  )
}

function configurationOf(logs: readonly LogEntry[], platform: NodeJS.Platform): Configuration {
  return {
    folder: undefined,
    ignore: { networks: [], files: [] },
    proxies: [],
    tables: new Map([[TABLE, { ...dryRun(), name: TABLE }]]),
    rules: new Map([[RULE, new Hackers({ table: TABLE })]]),
    logs,
    commands: new Map(),
    keptFiles: new Map(),
    notify: undefined,
    metrics: undefined,
    stateFolder: stateFolderOf(platform),
    control: CONTROL_SOCKET,
  }
}

function feedOf(set: PatternSet): Feed {
  return { rule: RULE, patterns: set.map((pattern, index) => withDefaults(pattern, RULE, index)) }
}
