import type { Dialect } from './firewall.ts'

/** No firewall at all: nothing is run, and the keeper's memory is the table. For `watch` and for trying a configuration. */
export const dryRun: Dialect = {
  kind: 'dryRun',
  batchMax: 100_000,
  faults: ({ options }) => Object.keys(options).map((key) => `dryRun: there is no option "${key}"; it takes none`),
  setUp: () => [],
  check: () => [],
  missing: () => undefined,
  add: () => [],
  delete: () => [],
  present: () => [],
  tearDown: () => [],
  explain: () => undefined,
}
