import type { Command, Dialect, Table } from './firewall.ts'

/**
 * The same dialect with an option `via`, the name of some words in commands.json, such as those of ssh to another host: they
 * are put before every command.
 */
export function withVia(dialect: Dialect<Command>): Dialect<Command> {
  const through = (table: Table) => {
    const { via } = table.options
    return (command: Command): Command => (typeof via === 'string' ? { ...command, via } : command)
  }
  const { renew, cut, probe, list, unmet, limits } = dialect
  return {
    ...dialect,
    faults: (table) => {
      const { via } = table.options
      const isName = via === undefined || typeof via === 'string'
      return [...(isName ? [] : [`${dialect.kind}: via must be a name of commands.json`]), ...dialect.faults(plain(table))]
    },
    names: ({ options: { via } }) => ({ via: typeof via === 'string' ? [via] : [] }),
    setUp: (table) => dialect.setUp(plain(table)).map(through(table)),
    check: (table) => dialect.check(plain(table)).map(through(table)),
    missing: (table, results) => dialect.missing(plain(table), results),
    ...(limits && { limits: (table, results) => limits(plain(table), results) }),
    ...(unmet && { unmet: (table, results) => unmet(plain(table), results) }),
    add: (table, entries, now) => dialect.add(plain(table), entries, now).map(through(table)),
    ...(renew && { renew: (table, entries, now) => renew(plain(table), entries, now).map(through(table)) }),
    delete: (table, networks) => dialect.delete(plain(table), networks).map(through(table)),
    ...(cut && { cut: (table, networks) => cut(plain(table), networks).map(through(table)) }),
    ...(probe && { probe: (table, networks) => through(table)(probe(plain(table), networks)) }),
    ...(list && { list: (table) => list(plain(table))?.map(through(table)) }),
    present: (table, outputs, now) => dialect.present(plain(table), outputs, now),
    tearDown: (table) => dialect.tearDown(plain(table)).map(through(table)),
    explain: (table, result) => dialect.explain(plain(table), result),
  }
}

/** As the dialect itself knows it. */
function plain(table: Table): Table {
  const { via: _, ...options } = table.options
  return { ...table, options }
}
