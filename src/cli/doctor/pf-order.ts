import type { CommandResult, Table } from '../../firewall/firewall.ts'
import type { Order, Remark } from './order.ts'

const PF_CONF = '/etc/pf.conf'

/**
 * Rules of pf as `pfctl -s rules` prints them, macros and lists resolved, in their order: the last that matches decides, or
 * the first that matches and is `quick`. Whether ours is there at all, and is not undone by a later one, is the dialect's to say.
 */
export const pfOrder: Order = {
  questions: ({ options: { anchor } }) => [
    { argv: ['pfctl', '-s', 'rules'] },
    // With `-v`, the rules as they are once they are loaded.
    { argv: ['pfctl', '-n', '-v', '-f', PF_CONF] },
    { argv: ['pfctl', '-s', 'Interfaces', '-v'] },
    // FreeBSD's rules of translation; OpenBSD has none, and says so.
    { argv: ['pfctl', '-s', 'nat'] },
    ...(typeof anchor === 'string' ? [{ argv: ['pfctl', '-a', anchor, '-s', 'rules'] }] : []),
  ],
  remarks: (table, [rules, file, interfaces, translations, anchored]) => [
    ...fileRemarks(table, file!),
    ...past(table, linesOf(rules!), anchored && linesOf(anchored)),
    ...linesOf(interfaces!).flatMap(skipped),
    ...linesOf(translations!).flatMap(translated),
  ],
}

function linesOf({ stdout }: CommandResult): readonly string[] {
  return stdout.split('\n').filter((line) => line !== '')
}

function fileRemarks(table: Table, { status, stdout, stderr }: CommandResult): readonly Remark[] {
  if (status !== 0) {
    const says = `${PF_CONF} does not load: ${stderr.trim().split('\n')[0]}`
    return [{ state: 'wrong', says, todo: `mend what "pfctl -nf ${PF_CONF}" tells; after the next start no rule is loaded` }]
  }
  const lines = stdout.split('\n')
  const isThere = table.options.anchor === undefined ? lines.some((line) => blocks(line, table.name)) : true
  if (isThere) return []
  return [
    {
      state: 'warning',
      says: `no rule of ${PF_CONF} blocks <${table.name}>`,
      todo: `add "block in quick from <${table.name}> to any" before other rules, or the next load of the file takes away what is loaded now`,
    },
  ]
}

/** What stands before the rule with our table, or before the anchor in which it is. */
function past({ name, options }: Table, rules: readonly string[], anchored: readonly string[] | undefined): readonly Remark[] {
  const { anchor } = options
  const first = typeof anchor === 'string' ? anchor.split('/')[0] : undefined
  const isCall = (line: string) => [first, '*'].includes(/^anchor "([^"]*)"/.exec(line)?.[1]?.split('/')[0])
  const place = rules.findIndex((line) => (first === undefined ? blocks(line, name) : isCall(line)))
  if (place < 0) return []
  const inAnchor = (anchored ?? []).findIndex((line) => blocks(line, name))
  const ours = anchored === undefined ? rules[place]! : (anchored[inAnchor] ?? '')
  const earlier = [...rules.slice(0, place), ...(anchored ?? []).slice(0, Math.max(0, inAnchor))]
  const found = earlier.filter(meetsAll).flatMap((line): Remark[] => {
    if (!/ quick\b/.test(line)) return []
    if (line.startsWith('pass')) {
      const says = `the rule "${line}" stands before the one that blocks <${name}> and passes, also who is banned`
      return [{ state: isOfAids(line) ? 'warning' : 'wrong', says, todo: `put "block in quick from <${name}> to any" before it` }]
    }
    return isLogged(line) ? [logsBefore(line, name)] : []
  })
  // Of rules without the word the last one decides, so only one behind ours can log instead of it.
  const later = / quick\b/.test(ours) ? undefined : rules.slice(place + 1).find((line) => meetsAll(line) && isLogged(line))
  return later === undefined ? found : [...found, logsAfter(later, name)]
}

function logsBefore(line: string, name: string): Remark {
  const says = `the rule "${line}" stands before the one that blocks <${name}>: what it blocks is logged, also of who is banned already, and counts again`
  return { state: 'warning', says, todo: `put "block in quick from <${name}> to any" before it` }
}

function logsAfter(line: string, name: string): Remark {
  const says = `the rule "${line}" decides instead of the one that blocks <${name}>, which is not quick: what it blocks is logged, also of who is banned already, and counts again`
  return { state: 'warning', says, todo: `make ours "block in quick from <${name}> to any", and put it before that` }
}

/** `block drop in quick proto tcp from <bad_ip> to any`; where counts are shown, `<bad_ip:3>`. */
function blocks(line: string, name: string): boolean {
  return /^block\b/.test(line) && new RegExp(` from <${name}(?::[^>]*)?> `).test(line) && !/^block \S+ out\b/.test(line)
}

/** True for a rule on what comes in from anybody, but for loopback. */
function meetsAll(line: string): boolean {
  const isIn = /^(?:pass|block)\b/.test(line) && !/^(?:pass|block(?: \S+)?) out\b/.test(line)
  return isIn && !/ on lo\d*\b/.test(line) && (/ all\b/.test(line) || / from any to /.test(line))
}

/** Protocols by which nobody logs in, and without which nets do not work. */
function isOfAids(line: string): boolean {
  return / proto (?:icmp|icmp6|ipv6-icmp|igmp|carp|ospf|vrrp|pfsync)\b/.test(line)
}

function isLogged(line: string): boolean {
  return /^block\b.* log\b/.test(line)
}

/** `em0 (skip)`, of `set skip on em0`. */
function skipped(line: string): readonly Remark[] {
  const name = /^(\S+) \(skip\)/.exec(line)?.[1]
  if (name === undefined || /^lo\d*$/.test(name)) return []
  return [
    {
      state: 'wrong',
      says: `pf looks at no packet of the interface ${name}`,
      todo: `take ${name} out of "set skip on" in ${PF_CONF}`,
    },
  ]
}

/** `rdr pass on em0 inet proto tcp from any to any port = http -> 10.0.0.2`: what it passes meets no rule that blocks. */
function translated(line: string): readonly Remark[] {
  if (!/^(?:rdr|nat|binat) pass\b/.test(line) || !/ from any /.test(line)) return []
  return [
    {
      state: 'wrong',
      says: `the rule "${line}" passes without asking the rules that block, also who is banned`,
      todo: 'leave out its "pass", and pass the packets by a rule behind ours',
    },
  ]
}
