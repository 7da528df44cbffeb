import { formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import type { CommandResult, Dialect, Explanation, Step, Table } from './firewall.ts'

/**
 * A file of addresses, for programs that read one: a list for a firewall or a proxy, lines that nginx includes. The file is
 * named in commands.json, and so is the command that is run when it has changed, such as one that makes nginx read it again.
 *
 * Nothing in it ends by itself. Lines that are not of its form are others' and stay.
 */
export const addressFile: Dialect = {
  kind: 'addressFile',
  batchMax: 10_000,
  faults,
  names: ({ options }) => ({ files: textsOf(options.file), commands: textsOf(options.after) }),
  setUp: (table) => [{ file: fileOf(table), verb: 'add', lines: [] }],
  check: (table) => [{ file: fileOf(table), verb: 'look', lines: [] }],
  missing: (table, [look]) => (look!.stdout === '' ? `file ${fileOf(table)}` : undefined),
  add: (table, entries) =>
    change(
      table,
      'add',
      entries.map(({ network }) => network),
    ),
  renew: () => [],
  delete: (table, networks) => change(table, 'delete', networks),
  probe: (table, networks) => ({ file: fileOf(table), verb: 'test', lines: networks.map((network) => lineOf(table, network)) }),
  list: (table) => [{ file: fileOf(table), verb: 'read', lines: [] }],
  present: (table, [text = '']) => entriesOf(table, text),
  tearDown: () => [],
  explain,
}

/** Before and after the address in a line. */
const FORMS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  plain: ['', ''],
  deny: ['deny ', ';'],
  geo: ['', ' 1;'],
}

function textsOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : []
}

function fileOf({ options }: Table): string {
  return String(options.file)
}

function formOf({ options }: Table): readonly [before: string, after: string] {
  return FORMS[String(options.form ?? 'plain')]!
}

function faults({ options }: Table): readonly string[] {
  const { file, form = 'plain', after, ...others } = options
  const forms = Object.keys(FORMS)
  return [
    ...(typeof file === 'string' ? [] : ["addressFile: name a file of commands.json, such as addressFile('banned')"]),
    ...(typeof form === 'string' && forms.includes(form) ? [] : [`addressFile: form must be one of ${forms.join(', ')}`]),
    ...(after === undefined || typeof after === 'string'
      ? []
      : ['addressFile: after must be the name of a command of commands.json']),
    ...Object.keys(others).map((key) => `addressFile: there is no option "${key}"; there are form and after`),
  ]
}

function change(table: Table, verb: 'add' | 'delete', networks: readonly Network[]): readonly Step[] {
  if (networks.length === 0) return []
  const lines = networks.map((network) => lineOf(table, network))
  const afterwards = textsOf(table.options.after).map((command) => ({ command, table: table.name }))
  return [{ file: fileOf(table), verb, lines }, ...afterwards]
}

function lineOf(table: Table, network: Network): string {
  const [before, after] = formOf(table)
  return `${before}${formatNetwork(network)}${after}`
}

function entriesOf(table: Table, text: string): readonly Entry[] {
  const [before, after] = formOf(table)
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith(before) || !line.endsWith(after)) return []
    const address = line.slice(before.length, line.length - after.length)
    const network = parseNetwork(address)
    // What is written otherwise than we write it could not be found again to be deleted.
    return network && formatNetwork(network) === address ? [{ network, until: FOR_LIFE }] : []
  })
}

/** Only the command after it ends with a status; the file itself can be written or cannot. */
function explain(table: Table, { status, stderr }: CommandResult): Explanation | undefined {
  if (status === null || table.options.after === undefined) return undefined
  const said = stderr.trim().split('\n')[0]
  const sentence = `the file is written, but the command ${table.options.after} ended with status ${status}${said ? `: ${said}` : ''}`
  return { kind: 'unusable', sentence }
}
