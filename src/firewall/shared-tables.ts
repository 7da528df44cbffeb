import type { Dialect, Named, Table } from './firewall.ts'

/** Without a word of root's, tables that are nobody else's: those of our manual, and what is called as we are. */
const OURS = /^(?:(?:bad_ip|blockips|wifi)\d*|log2table[\w-]*|log2table(?:\/[\w.-]+)*:.+)$/

/**
 * Why a table must not be used, where its name is one of many in the same firewall: whoever may fill and empty all of them could
 * let himself in, by the table of those who are trusted. What commands.json lists of a kind of firewall takes the place of `OURS`.
 */
export function tableRefusal(dialect: Dialect, table: Table, { tables }: Pick<Named, 'tables'>): string | undefined {
  const name = dialect.sharedName?.(table)
  if (name === undefined) return undefined
  const { kind } = dialect
  const listed = tables?.get(kind)
  if (listed ? listed.includes(name) : OURS.test(name)) return undefined
  return `commands.json allows no table "${name}" of ${kind}; list it there, with all others: "tables": { "${kind}": ["${name}"] }`
}
