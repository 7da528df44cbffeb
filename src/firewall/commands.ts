import { formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import type { Dialect, NamedCommand, Table } from './firewall.ts'

/**
 * Commands of commands.json, for all that has no dialect of its own: the interface of a cloud, a firewall with a program of
 * its own. The parameters file says their names only. Nothing ends by itself.
 */
export const commands: Dialect<NamedCommand> = {
  kind: 'commands',
  batchMax: 1_000,
  faults,
  names: ({ options }) => ({ commands: VERBS.flatMap((verb) => textsOf(options[verb])) }),
  setUp: () => [],
  check: () => [],
  missing: () => undefined,
  add: (table, entries) =>
    stepsOf(
      table,
      'add',
      entries.map(({ network }) => network),
    ),
  renew: () => [],
  delete: (table, networks) => stepsOf(table, 'delete', networks),
  list: (table) => (table.options.list === undefined ? undefined : [{ ...step(table, 'list'), timeoutMs: 120_000 }]),
  present: (table, [output = '']) => entriesOf(table, output),
  tearDown: (table) => (table.options.flush === undefined ? [] : [step(table, 'flush')]),
  explain: () => undefined,
}

const VERBS = ['add', 'delete', 'list', 'flush'] as const
type Verb = (typeof VERBS)[number]

function textsOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : []
}

function faults({ options }: Table): readonly string[] {
  const { add, delete: remove, list, flush, ...others } = options
  const isOptional = (value: unknown) => value === undefined || typeof value === 'string'
  return [
    ...(typeof add === 'string' ? [] : ['commands: add must be the name of a command of commands.json']),
    ...(typeof remove === 'string' ? [] : ['commands: delete must be the name of a command of commands.json']),
    ...(isOptional(list) ? [] : ['commands: list must be the name of a command of commands.json']),
    ...(isOptional(flush) ? [] : ['commands: flush must be the name of a command of commands.json']),
    ...Object.keys(others).map((key) => `commands: there is no option "${key}"; there are ${VERBS.join(', ')}`),
  ]
}

function step({ name, options }: Table, verb: Verb): NamedCommand {
  return { command: String(options[verb]), table: name }
}

function stepsOf(table: Table, verb: 'add' | 'delete', networks: readonly Network[]): readonly NamedCommand[] {
  return networks.length === 0 ? [] : [{ ...step(table, verb), addresses: networks.map(formatNetwork) }]
}

/** An address or network a line; what follows a blank is not read, nor is a line that is empty or begins with `#`. */
function entriesOf({ name, options }: Table, output: string): readonly Entry[] {
  return output.split('\n').flatMap((line) => {
    const [text = ''] = line.trim().split(/\s/)
    if (text === '' || text.startsWith('#')) return []
    const network = parseNetwork(text)
    if (network === undefined) throw new Error(`${options.list}: "${text}" of table ${name} is no address`)
    return [{ network, until: FOR_LIFE }]
  })
}
