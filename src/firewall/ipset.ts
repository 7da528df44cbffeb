import { formatNetwork, type Network, networkOf, parseNetwork, SOURCE_BITS_IPV6 } from '../base/address.ts'
import { FOR_LIFE, type Instant, SECOND_MS } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import { cutConnections } from './connections.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'

/** The kernel counts in milliseconds, in 31 bits. */
const TIMEOUT_S_MAX = 2_147_483

/**
 * ipset of Linux, with iptables and ip6tables of either make (nf_tables or legacy). A table NAME has four sets, and in the
 * table `raw` of each family a chain LOG2TABLE_NAME that is called at PREROUTING, before connection tracking, so that the
 * host, forwarded packets and containers are all behind it:
 *
 * - log2table_NAME_v4, and log2table_NAME_v6 by /64: addresses, in plain hashes.
 * - log2table_NAME_n4 and log2table_NAME_n6: all other networks.
 *
 * All sets of a machine share one space of names, so the prefix is what tells ours from those of others.
 */
export const ipset: Dialect<Command> = {
  kind: 'ipset',
  batchMax: 10_000,
  timeoutMsMax: TIMEOUT_S_MAX * SECOND_MS,
  faults,
  setUp,
  // `-t`: without their members, whatever their size.
  check: () => [{ argv: ['ipset', 'list', '-t'] }, ...FAMILIES.map(({ iptables }) => ({ argv: [...raw(iptables), '-S'] }))],
  missing,
  // One that is in is given its new end.
  add: (table, entries, now) =>
    restore(entries.map((entry) => `add ${setNameOf(table, entry.network)} ${textOf(entry.network)}${timeoutOf(entry, now)}`)),
  delete: (table, networks) => restore(networks.map((network) => `del ${setNameOf(table, network)} ${textOf(network)}`)),
  cut: cutConnections,
  // Only where it is quiet does `restore` end with the status of its tests. A single IPv6 address in a network that is in
  // counts as in.
  probe: (table, networks) => ({
    argv: ['ipset', '-quiet', 'restore'],
    stdin: lines(networks.map((network) => `test ${setNameOf(table, network)} ${textOf(network)}`)),
  }),
  list: (table) => setsOf(table).map(({ name }) => ({ argv: ['ipset', 'list', name], timeoutMs: 120_000 })),
  present: (table, outputs, now) => setsOf(table).flatMap((set, i) => members(set, outputs[i] ?? '', now)),
  setOf,
  limits,
  tearDown,
  explain,
}

/** Most entries of a set of addresses, and of a set of networks. Memory is used by what is in, not by what may be. */
const SIZE = 1_048_576
const NET_SIZE = 65_536
const SIZE_MAX = 2 ** 32 - 1
/** Names of sets have 31 characters at most, those of chains 28. */
const NAME_LENGTH_MAX = 18

type Suffix = 'v4' | 'v6' | 'n4' | 'n6'

interface IpSet {
  readonly suffix: Suffix
  readonly name: string
  readonly type: 'hash:ip' | 'hash:net'
  readonly family: 'inet' | 'inet6'
  /** In the words of `create` and, among others, of `list`. */
  readonly header: readonly string[]
}

interface Family {
  readonly iptables: 'iptables' | 'ip6tables'
  readonly suffixes: readonly Suffix[]
}

const FAMILIES: readonly Family[] = [
  { iptables: 'iptables', suffixes: ['v4', 'n4'] },
  { iptables: 'ip6tables', suffixes: ['v6', 'n6'] },
]

function setsOf(table: Table): readonly IpSet[] {
  const size = sizeOf(table)
  const set = (suffix: Suffix): IpSet => {
    const isNet = suffix.startsWith('n')
    const family = suffix.endsWith('4') ? 'inet' : 'inet6'
    return {
      suffix,
      name: setName(table, suffix),
      type: isNet ? 'hash:net' : 'hash:ip',
      family,
      header: [
        `family ${family}`,
        `maxelem ${isNet ? Math.min(size, NET_SIZE) : size}`,
        ...(suffix === 'v6' ? [`netmask ${SOURCE_BITS_IPV6}`] : []),
        'timeout 0',
      ],
    }
  }
  return [set('v4'), set('v6'), set('n4'), set('n6')]
}

function sizeOf({ options }: Table): number {
  return typeof options.size === 'number' ? options.size : SIZE
}

function setName({ name }: Table, suffix: Suffix): string {
  return `log2table_${name}_${suffix}`
}

function setNameOf(table: Table, { address, bits }: Network): string {
  if (typeof address === 'number') return setName(table, bits === 32 ? 'v4' : 'n4')
  return setName(table, bits === SOURCE_BITS_IPV6 ? 'v6' : 'n6')
}

/** The set that an entry is in, by its canonical text. */
function setOf(key: string): Suffix {
  if (key.includes(':')) return key.endsWith(`/${SOURCE_BITS_IPV6}`) ? 'v6' : 'n6'
  return key.includes('/') ? 'n4' : 'v4'
}

/** The sizes of the sets as they are, whatever we asked for. */
function limits(table: Table, [sets]: readonly CommandResult[]): ReadonlyMap<string, number> {
  const sizes = setsOf(table).flatMap(({ suffix, name }) => {
    const size = / maxelem (\d+)/.exec(headOf(sets!.stdout, name)?.header ?? '')?.[1]
    return size === undefined ? [] : [[suffix, Number(size)] as const]
  })
  return new Map(sizes)
}

/** The set of /64s holds their first addresses. */
function textOf(network: Network): string {
  const { address, bits } = network
  return formatNetwork(typeof address === 'bigint' && bits === SOURCE_BITS_IPV6 ? networkOf(address) : network)
}

/** 0 is for life. */
function timeoutOf({ until }: Entry, now: Instant): string {
  if (until === FOR_LIFE) return ' timeout 0'
  return ` timeout ${Math.min(Math.max(1, Math.ceil((until - now) / SECOND_MS)), TIMEOUT_S_MAX)}`
}

function chainOf({ name }: Table): string {
  return `LOG2TABLE_${name}`
}

/** As `iptables -S` prints them. */
function rulesOf(table: Table, { suffixes }: Family): readonly string[] {
  return suffixes.map((suffix) => `-A ${chainOf(table)} -m set --match-set ${setName(table, suffix)} src -j DROP`)
}

function faults({ name, options }: Table): readonly string[] {
  const found: string[] = []
  if (name.length > NAME_LENGTH_MAX) found.push(`ipset: the name "${name}" is longer than ${NAME_LENGTH_MAX} characters`)
  for (const [key, value] of Object.entries(options)) {
    if (key === 'cut') {
      if (typeof value !== 'boolean') found.push('ipset: cut must be true or false')
    } else if (key !== 'size') found.push(`ipset: there is no option "${key}"; there are size and cut`)
    else if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > SIZE_MAX)
      found.push(`ipset: size must be a whole number from 1 to ${SIZE_MAX}`)
  }
  return found
}

/** Waits for whoever changes the rules just now, but not for ever. */
const WAIT = ['-w', '5']

function raw(iptables: Family['iptables']): readonly string[] {
  return [iptables, ...WAIT, '-t', 'raw']
}

function setUp(table: Table): readonly Command[] {
  const chain = chainOf(table)
  return [
    ...restore(setsOf(table).flatMap(create)),
    ...FAMILIES.flatMap((family): Command[] => [
      // One transaction: packets meet the old rules of the chain or the new ones. Other chains stay as they are.
      {
        argv: [`${family.iptables}-restore`, ...WAIT, '--noflush'],
        stdin: lines(['*raw', `:${chain} - [0:0]`, ...rulesOf(table, family), 'COMMIT']),
      },
      {
        argv: [...raw(family.iptables), '-I', 'PREROUTING', '1', '-j', chain],
        unless: [...raw(family.iptables), '-C', 'PREROUTING', '-j', chain],
      },
    ]),
  ]
}

/** `create` is content with a set of the other family; to delete what is in no table of ours is not. */
function create({ name, type, family, header }: IpSet): readonly string[] {
  return [`create ${name} ${type} ${header.join(' ')}`, `del ${name} ${family === 'inet' ? '127.0.0.1' : 'fe80::1'}`]
}

function tearDown(table: Table): readonly Command[] {
  const chain = chainOf(table)
  const sets = setsOf(table)
  return [
    ...restore([...sets.flatMap(create), ...sets.map(({ name }) => `flush ${name}`)]),
    ...FAMILIES.flatMap(({ iptables }) => [
      { argv: [...raw(iptables), '-D', 'PREROUTING', '-j', chain] },
      { argv: [...raw(iptables), '-F', chain] },
      { argv: [...raw(iptables), '-X', chain] },
    ]),
    ...sets.map(({ name }) => ({ argv: ['ipset', 'destroy', name] })),
  ]
}

function missing(table: Table, [sets, ...rules]: readonly CommandResult[]): string | undefined {
  for (const { name, type, header } of setsOf(table)) {
    const found = headOf(sets!.stdout, name)
    if (found === undefined) return `set ${name}`
    if (found.type !== type || !header.every((part) => ` ${found.header} `.includes(` ${part} `)))
      return `set ${name} of type ${type} with ${header.join(' ')}`
  }
  const chain = chainOf(table)
  for (const [i, family] of FAMILIES.entries()) {
    const printed = rules[i]!.stdout.split('\n').map((line) => line.trim())
    const { iptables } = family
    if (!printed.includes(`-N ${chain}`)) return `chain ${chain} of ${iptables}`
    const ours = printed.filter((line) => line.startsWith(`-A ${chain} `))
    const absent = rulesOf(table, family).find((rule) => !ours.includes(rule))
    if (absent !== undefined) return `rule "${absent}" of ${iptables}`
    if (ours.length !== family.suffixes.length) return `a chain ${chain} of ${iptables} with our rules only`
    if (!printed.includes(`-A PREROUTING -j ${chain}`)) return `rule "-A PREROUTING -j ${chain}" of ${iptables}`
  }
  return undefined
}

/** What `ipset list` prints of a set before its members: `Name: x`, `Type: y`, `Revision: n`, `Header: ...`, and sizes. */
function headOf(text: string, name: string): { type: string; header: string } | undefined {
  const head = `\n${text}`.split(`\nName: ${name}\n`)[1]
  if (head === undefined) return undefined
  return { type: /^Type: (.*)$/m.exec(head)?.[1] ?? '', header: /^Header: (.*)$/m.exec(head)?.[1] ?? '' }
}

/** It stops at the line that fails, and what came before it stays done. */
function restore(texts: readonly string[]): readonly Command[] {
  return texts.length === 0 ? [] : [{ argv: ['ipset', '-exist', 'restore'], stdin: lines(texts) }]
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}

const MEMBERS = '\nMembers:\n'

/** Members as `ipset list` prints them, one a line: `192.0.2.1 timeout 3599`. */
function members(set: IpSet, text: string, now: Instant): Entry[] {
  const start = text.indexOf(MEMBERS)
  if (!text.startsWith(`Name: ${set.name}\n`) || start < 0 || !text.endsWith('\n'))
    throw new Error(`ipset: the answer does not show the set ${set.name}`)
  const found: Entry[] = []
  for (const line of text.slice(start + MEMBERS.length).split('\n')) {
    if (line === '') continue
    const [, element, attributes] = /^(\S+)(.*)$/.exec(line.replace(/"[^"]*"/g, ''))!
    const network = parseNetwork(element!)
    if (network === undefined) throw new Error(`ipset: "${element}" of the set ${set.name} is no address`)
    // An exception that somebody made, not an entry.
    if (/ nomatch\b/.test(attributes!)) continue
    const seconds = Number(/ timeout (\d+)/.exec(attributes!)?.[1] ?? 0)
    found.push({
      network: set.suffix === 'v6' ? networkOf(network.address, SOURCE_BITS_IPV6) : network,
      until: seconds === 0 ? FOR_LIFE : now + seconds * SECOND_MS,
    })
  }
  return found
}

function explain(table: Table, { stderr, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'ipset or iptables is not installed; install the packages ipset and iptables' }
  }
  // To name a set in a rule, iptables opens a raw socket.
  if (/Operation not permitted|Permission denied|you must be root|Can't open socket to ipset/.test(stderr)) {
    return {
      kind: 'unusable',
      sentence:
        'ipset and iptables may not change the firewall; run as root or with the capabilities CAP_NET_ADMIN and CAP_NET_RAW',
    }
  }
  if (/Cannot open session to kernel|set type not supported|Protocol not supported/.test(stderr)) {
    return { kind: 'unusable', sentence: 'the kernel has no ipset; load the module ip_set or use another dialect' }
  }
  if (/can't initialize ip6?tables table|Address family not supported/.test(stderr)) {
    return {
      kind: 'unusable',
      sentence:
        'the kernel lacks the table raw of iptables or ip6tables; load iptable_raw and ip6table_raw or use another dialect',
    }
  }
  if (/missing kernel module|No chain\/target\/match by that name|RULE_\w+ failed/.test(stderr)) {
    return { kind: 'unusable', sentence: 'iptables cannot match sets; load the module xt_set or use another dialect' }
  }
  if (stderr.includes('currently holding the xtables lock')) {
    return { kind: 'unusable', sentence: 'another program holds the lock of iptables; see which one does not end' }
  }
  if (stderr.includes('Hash is full')) {
    return { kind: 'full', sentence: `a set of table ${table.name} is full; give it a greater size than ${sizeOf(table)}` }
  }
  // The second is how the kernel takes an element of the other family.
  if (/set with the same name already exists|ipset protocol error/.test(stderr)) {
    const names = setName(table, 'v4').replace(/v4$/, '*')
    return { kind: 'clash', sentence: `a set of ${names} is there with other properties; remove it with ipset destroy` }
  }
  return undefined
}
