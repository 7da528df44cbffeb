import { formatNetwork, type Network, networkOf, parseAddress, parseNetwork, SOURCE_BITS_IPV6 } from '../base/address.ts'
import { formatDuration, parseDuration } from '../base/duration.ts'
import { DAY_MS, FOR_LIFE, type Instant, SECOND_MS } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import { cutConnections } from './connections.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'
import { networksBetween } from './range.ts'

/**
 * nftables of Linux. All is in our own table `inet log2table`, which nobody else need touch. A table NAME has there a chain
 * NAME at prerouting, before connection tracking, so that the host, forwarded packets and containers are all behind it, and
 * four sets:
 *
 * - NAME_v4, and NAME_v6 with the first address of each /64: plain sets, fast at any size.
 * - NAME_v4net and NAME_v6net, for all other networks: intervals, which nft must compare with each other at every change.
 */
export const nftables: Dialect<Command> = {
  kind: 'nftables',
  // 10,000 in one statement are "Message too long" in a user namespace.
  batchMax: 5_000,
  // The kernel takes some 9,000 days, not 300,000.
  timeoutMsMax: 3_650 * DAY_MS,
  faults,
  setUp,
  // `-t list table` and `-t list chain` of 1.0.6 read all elements nevertheless (47 s for 1 M); `-t list ruleset` does not.
  check: () => [{ argv: ['nft', '-n', '-t', 'list', 'ruleset', 'inet'] }],
  missing,
  add: (table, entries, now) => nft(addElements(table, entries, now)),
  // Old kernels keep the end of an element that is added again, so it goes out and in, in one transaction.
  renew: (table, entries, now) => nft([...removeElements(table, entries), ...addElements(table, entries, now)]),
  delete: (table, networks) => nft(removeElements(table, networks.map(asEntry))),
  cut: cutConnections,
  // Checked by the kernel and never committed. `get element` would read the whole set.
  probe: (table, networks) => ({
    argv: ['nft', '-c', '-f', '-'],
    stdin: lines(statements(table, 'delete', networks.map(asEntry), addressOf)),
  }),
  list: (table) => setsOf(table).map(({ name }) => ({ argv: ['nft', '-n', 'list', 'set', ...TABLE, name], timeoutMs: 120_000 })),
  present: (table, outputs, now) => setsOf(table).flatMap((set, i) => elements(set, outputs[i] ?? '', now)),
  setOf,
  limits,
  excludes: (network) => suffixOf(network).endsWith('net'),
  tearDown,
  explain,
}

const TABLE = ['inet', 'log2table'] as const
const TABLE_TEXT = TABLE.join(' ')

/** Most entries of a plain set, and of a set of intervals. Memory is used by what is in, not by what may be. */
const SIZE = 1_048_576
const NET_SIZE = 65_536
const NAME_LENGTH_MAX = 120

type Suffix = 'v4' | 'v6' | 'v4net' | 'v6net'

interface NftSet {
  readonly suffix: Suffix
  readonly name: string
  readonly type: 'ipv4_addr' | 'ipv6_addr'
  readonly flags: 'timeout' | 'interval,timeout'
  readonly size: number
  /** As nft prints it. */
  readonly rule: string
}

function setsOf(table: Table): readonly NftSet[] {
  const size = typeof table.options.size === 'number' ? table.options.size : SIZE
  const set = (suffix: Suffix, match: string): NftSet => {
    const name = `${table.name}_${suffix}`
    const isNet = suffix.endsWith('net')
    return {
      suffix,
      name,
      type: suffix.startsWith('v4') ? 'ipv4_addr' : 'ipv6_addr',
      flags: isNet ? 'interval,timeout' : 'timeout',
      size: isNet ? Math.min(size, NET_SIZE) : size,
      rule: `${match} @${name}`,
    }
  }
  return [
    set('v4', 'ip saddr'),
    set('v6', 'ip6 saddr & ffff:ffff:ffff:ffff:: =='),
    set('v4net', 'ip saddr'),
    set('v6net', 'ip6 saddr'),
  ]
}

function suffixOf({ address, bits }: Network): Suffix {
  if (typeof address === 'number') return bits === 32 ? 'v4' : 'v4net'
  return bits === SOURCE_BITS_IPV6 ? 'v6' : 'v6net'
}

/** The same by canonical text, many times faster. */
function setOf(key: string): Suffix {
  if (key.includes(':')) return key.endsWith(`/${SOURCE_BITS_IPV6}`) ? 'v6' : 'v6net'
  return key.includes('/') ? 'v4net' : 'v4'
}

function faults({ name, options }: Table): readonly string[] {
  const found: string[] = []
  if (!/^[A-Za-z_][\w-]*$/.test(name)) found.push(`nftables: the name "${name}" must begin with a letter`)
  if (name.length > NAME_LENGTH_MAX) found.push(`nftables: the name "${name}" is longer than ${NAME_LENGTH_MAX} characters`)
  for (const [key, value] of Object.entries(options)) {
    if (key === 'cut') {
      if (typeof value !== 'boolean') found.push('nftables: cut must be true or false')
    } else if (key !== 'size') found.push(`nftables: there is no option "${key}"; there are size and cut`)
    else if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 2 ** 31)
      found.push('nftables: size must be a whole number from 1 to 2147483648')
  }
  return found
}

function setUp(table: Table): readonly Command[] {
  const sets = setsOf(table)
  const chain = `${TABLE_TEXT} ${chainOf(table)}`
  return [
    // A transaction of its own, since it wakes a table that was made dormant.
    ...nft([`add table ${TABLE_TEXT} { }`]),
    ...nft([
      ...sets.map(
        ({ name, type, size, flags }) => `add set ${TABLE_TEXT} ${name} { type ${type}; size ${size}; flags ${flags}; }`,
      ),
      // Made anew in one step, whatever hook, policy and rules it had. Packets meet the old rules or the new ones.
      `add chain ${chain}`,
      `flush chain ${chain}`,
      `delete chain ${chain}`,
      `add chain ${chain} { ${HOOK} }`,
      ...sets.map(({ rule }) => `add rule ${chain} ${rule} counter drop`),
    ]),
  ]
}

const HOOK = 'type filter hook prerouting priority -300; policy accept;'

/** A suffix keeps it from being a word of nft's own, such as `drop`. */
function chainOf(table: Table): string {
  return `${table.name}_in`
}

function tearDown(table: Table): readonly Command[] {
  const chain = `${TABLE_TEXT} ${chainOf(table)}`
  return [
    ...nft([`add table ${TABLE_TEXT}`, `add chain ${chain}`, `flush chain ${chain}`, `delete chain ${chain}`]),
    ...setsOf(table).flatMap(({ name }) => nft([`delete set ${TABLE_TEXT} ${name}`])),
  ]
}

/** What `list ruleset` prints is one block for each table, in it one for each set and chain, all indented by tabs. */
function missing(table: Table, [result]: readonly CommandResult[]): string | undefined {
  const ours = blockOf(result!.stdout, `table ${TABLE_TEXT}`)
  if (ours === undefined) return `table ${TABLE_TEXT}`
  if (/^\tflags [^\n]*dormant/m.test(ours)) return `a table ${TABLE_TEXT} that is not dormant`
  const sets = setsOf(table)
  for (const { name, type, flags } of sets) {
    const set = blockOf(ours, `\tset ${name}`)
    if (set === undefined) return `set ${name}`
    if (!set.includes(`\ttype ${type}\n`) || !set.includes(`\tflags ${flags}\n`))
      return `set ${name} of type ${type} with ${flags}`
  }
  const chain = blockOf(ours, `\tchain ${chainOf(table)}`)
  if (chain === undefined) return `chain ${chainOf(table)}`
  const [hook, ...rules] = chain
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/counter packets \d+ bytes \d+/, 'counter'))
  if (hook !== HOOK) return `the hook of chain ${chainOf(table)}`
  const wanted = sets.map(({ rule }) => `${rule} counter drop`)
  const absent = wanted.find((rule) => !rules.some((found) => withoutEquals(found) === withoutEquals(rule)))
  if (absent !== undefined) return `rule "${absent}"`
  return rules.length === wanted.length ? undefined : `a chain ${chainOf(table)} with our rules only`
}

/** The sizes of the sets as they are, whatever we asked for. */
function limits(table: Table, [result]: readonly CommandResult[]): ReadonlyMap<string, number> {
  const ours = blockOf(result!.stdout, `table ${TABLE_TEXT}`) ?? ''
  const sizes = setsOf(table).flatMap(({ suffix, name }) => {
    const size = /^\t\tsize (\d+)/m.exec(blockOf(ours, `\tset ${name}`) ?? '')?.[1]
    return size === undefined ? [] : [[suffix, Number(size)] as const]
  })
  return new Map(sizes)
}

/** Some versions print `saddr & MASK == @SET`, others leave out the sign. */
function withoutEquals(rule: string): string {
  return rule.replace(' == @', ' @')
}

/** The lines between `HEAD {` and its closing brace. */
function blockOf(text: string, head: string): string | undefined {
  const indent = /^\t*/.exec(head)![0]
  const start = `\n${text}`.indexOf(`\n${head} {`)
  if (start < 0) return undefined
  const body = text.indexOf('\n', start) + 1
  const end = text.indexOf(`\n${indent}}`, body - 1)
  return end < 0 ? undefined : text.slice(body, end + 1)
}

function nft(texts: readonly string[]): readonly Command[] {
  return texts.length === 0 ? [] : [{ argv: ['nft', '-f', '-'], stdin: lines(texts) }]
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}

function asEntry(network: Network): Entry {
  return { network, until: FOR_LIFE }
}

function addElements(table: Table, entries: readonly Entry[], now: Instant): string[] {
  return statements(table, 'add', entries, (entry) => `${addressOf(entry)}${timeoutOf(entry, now)}`)
}

/** To add one that is in does nothing, so after it there is always one to delete. (`destroy` came with nft 1.0.7.) */
function removeElements(table: Table, entries: readonly Entry[]): string[] {
  return [...statements(table, 'add', entries, addressOf), ...statements(table, 'delete', entries, addressOf)]
}

/** One statement for each set that has a share in it, and one line for each element: nft prints the line that it blames. */
function statements(table: Table, verb: 'add' | 'delete', entries: readonly Entry[], text: (entry: Entry) => string): string[] {
  const texts = new Map<Suffix, string[]>()
  for (const entry of entries) {
    const suffix = suffixOf(entry.network)
    const already = texts.get(suffix)
    if (already) already.push(text(entry))
    else texts.set(suffix, [text(entry)])
  }
  return [...texts].map(([suffix, all]) => `${verb} element ${TABLE_TEXT} ${table.name}_${suffix} {\n${all.join(',\n')}\n}`)
}

/** The set of /64s holds their first addresses; the others hold networks as they are written. */
function addressOf({ network }: Entry): string {
  return formatNetwork(suffixOf(network) === 'v6' ? networkOf(network.address) : network)
}

function timeoutOf({ until }: Entry, now: Instant): string {
  if (until === FOR_LIFE) return ''
  // In days, hours and so on: of a plain number of seconds nft reads eight digits.
  return ` timeout ${formatDuration(Math.max(1, Math.ceil((until - now) / SECOND_MS)) * SECOND_MS)}`
}

/** Elements as `nft -n` prints them: `192.0.2.1 timeout 500s expires 499s, 192.0.2.2`, perhaps with a comment or a counter. */
function elements(set: NftSet, text: string, now: Instant): Entry[] {
  const block = blockOf(blockOf(text, `table ${TABLE_TEXT}`) ?? '', `\tset ${set.name}`)
  if (block === undefined) throw new Error(`nft: the answer does not show the set ${set.name}`)
  const start = block.indexOf('elements = {')
  if (start < 0) return []
  const found: Entry[] = []
  element.lastIndex = start + 'elements = {'.length
  for (let match = element.exec(block); match; match = element.exec(block)) {
    const [, address, attributes, end] = match
    const expires = /(?:^| )expires (\S+)/.exec(attributes!.replace(/"[^"]*"/g, ''))?.[1]
    const until = expires === undefined ? FOR_LIFE : now + (parseDuration(expires) ?? 0)
    for (const network of networksOf(set, address!)) found.push({ network, until })
    if (end === '}') return found
  }
  throw new Error(`nft: the elements of the set ${set.name} are not understood`)
}

const element =
  /\s*([0-9a-f:./-]+)((?: (?:timeout [^\s,}]+|expires [^\s,}]+|counter packets \d+ bytes \d+|comment "[^"]*"))*)\s*([,}])/gy

function networksOf({ suffix }: NftSet, text: string): readonly Network[] {
  const [first, last] = text.split('-').map(parseAddress)
  if (first !== undefined && last !== undefined) return networksBetween(first, last)
  const network = parseNetwork(text)
  if (network === undefined) throw new Error(`nft: "${text}" is no address`)
  // By hand somebody may have put in what is not the first address of a /64; no packet ever matches it.
  const isSource = suffix === 'v6' && networkOf(network.address, SOURCE_BITS_IPV6).address === network.address
  return [isSource ? networkOf(network.address, SOURCE_BITS_IPV6) : network]
}

function explain(table: Table, { stderr, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'nft is not installed; install the package nftables' }
  }
  if (stderr.includes('Operation not permitted')) {
    return { kind: 'unusable', sentence: 'nft may not change the firewall; run as root or with the capability CAP_NET_ADMIN' }
  }
  if (/Protocol not supported|Address family not supported/.test(stderr)) {
    return { kind: 'unusable', sentence: 'the kernel has no nftables; load the module nf_tables or use another dialect' }
  }
  if (stderr.includes('Too many open files in system')) {
    const { size } = setsOf(table)[0]!
    return { kind: 'full', sentence: `a set of table ${table.name} is full; give it a greater size than ${size}` }
  }
  if (/File exists|datatype mismatch/.test(stderr)) {
    return { kind: 'clash', sentence: `a set of table ${table.name} is there with another type; remove it with nft delete set` }
  }
  if (/interval overlaps|conflicting intervals/.test(stderr)) {
    return { kind: 'entry', sentence: 'it overlaps with a network that somebody else put in; take that out first' }
  }
  return undefined
}
