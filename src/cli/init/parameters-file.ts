import { escapeText } from '../../base/escape.ts'
import type { FirewallKind } from './firewalls.ts'
import type { FoundLog } from './logs.ts'
import { hasTableForLife, keepsFile, LIFERS, type Plan, systemNames, TABLE } from './plan.ts'
import { comment, INDENT, importOf, LINE_WIDTH, property, quoted } from './typescript.ts'

/** The text of parameters.ts, with the comments that teach it. */
export function parametersFile(plan: Plan): string {
  const { system, firewall, ignore, proxies, logs, hasLifers } = plan
  const ours = ['Hackers', 'parameters', firewall, ...(keepsFile(plan) ? ['keptFile'] : [])]
  const sets = [...new Set(logs.flatMap((log) => log.sets))]
  return `${comment(
    `Which lines of which logs count for what, on this machine (${systemNames[system]}) as \`log2table init\` found it. The file is yours: change what you like. \`log2table check\` finds every mistake in it, and \`log2table reload\` puts a changed one in force; with any mistake, the old one stays. log2table-parameters(5) says all that can stand here.`,
  )}

${importOf(ours, 'log2table')}
${importOf(sets, 'log2table/patterns')}

export default parameters({
${comment(
  'Never banned: addresses, networks, and files of them, one a line: "file:/etc/log2table/friends". What would lock you out (this machine\'s own addresses, its gateways and resolvers, whoever is logged in by ssh) is never banned anyway; name here from where you come when you are not logged in.',
  INDENT,
)}
${property('ignore', ignore.map(quoted))}
${proxies.length === 0 ? '' : `\n${proxyPart(plan)}\n`}
${comment(tableComments[firewall], INDENT)}
  tables: {
    ${TABLE}: ${firewall}(),
${hasTableForLife(plan) ? `${lifersTable(plan)}\n` : ''}  },

${comment(
  'What points lead to. Each suspicious line has its price (a wrong password 20, a probe for /.env 50); those of one address add up over all logs for an hour, and at 100 it is banned: the first time for an hour, the second for a day, then for a week.',
  INDENT,
)}
  rules: {
    hackers: new Hackers({
      table: '${TABLE}',
      threshold: 100,
      window: '1h',
      ban: ['1h', '1d', '7d'],
${hasLifers ? `${forLife(plan)}\n` : ''}    }),
  },

${comment(
  'Which rule the lines of a log feed, and which patterns read them. A log that is missing is waited for, and `*` takes new files as they come. A pattern of your own stands beside the shipped ones:\n{ hackers: [...sshd, { name: "door", regex: /^... (?<ip>\\S+) ...$/, weight: 50 }] }',
  INDENT,
)}
  logs: {
${logs.map(logEntry).join('\n')}
  },
})
`
}

const tableComments: Readonly<Record<FirewallKind, string>> = {
  pf: "The firewall's tables. /etc/pf.conf needs the rule that blocks, before all others:\nblock in quick from <bad_ip> to any",
  ipfw: "The firewall's tables. Your firewall script needs the rule that blocks, before those that allow:\nipfw add 50 deny ip from 'table(bad_ip)' to any in",
  npf: "The firewall's tables. /etc/npf.conf needs the table, and in its group the rule that blocks, before others:\ntable <bad_ip> type lpm\nblock in final from <bad_ip>",
  nftables:
    "The firewall's tables. log2table makes sets and a rule in a table of its own (inet log2table); your ruleset stays as it is.",
  ipset:
    "The firewall's tables. log2table makes sets, and a chain of its own in the table raw of iptables; your rules stay as they are.",
  route: 'Who is banned gets no answer: log2table makes a routing table of its own, since there is no firewall.',
  bsdRoute: 'Who is banned gets no answer: log2table makes blackhole routes, since there is no firewall.',
  dryRun:
    'No firewall was recognised, so this one only says what it would do. Write one that you have in its place, also in the import above: pf(), ipfw(), npf(), nftables() or ipset(); route() on Linux and bsdRoute() on the BSDs need no firewall. docs/firewalls.md tells of each.',
}

function lifersTable(plan: Plan): string {
  const file = keepsFile(plan) ? `{ file: keptFile('${LIFERS}') }` : ''
  const text = keepsFile(plan)
    ? 'Those who are banned for life, also in the file that commands.json names, which pf loads at boot.'
    : 'Those who are banned for life.'
  return `${comment(text, INDENT.repeat(2))}\n    ${LIFERS}: ${plan.firewall}(${file}),`
}

function forLife(plan: Plan): string {
  const text = 'Who was in the tables on more than 15 days of the last 90 is proposed for life; `log2table confirm` does it.'
  const table = hasTableForLife(plan) ? LIFERS : TABLE
  const option = `forLife: { listings: { moreThan: 15, within: '90d' }, minBans: 4, table: '${table}', confirm: true },`
  return `${comment(text, INDENT.repeat(3))}\n${INDENT.repeat(3)}${option}`
}

function proxyPart({ proxies }: Plan): string {
  const files = [...new Set(proxies.map(({ from }) => escapeText(from)))].join(', ')
  const text = `Proxies in front of the web server, by ${files}: they are never banned, and a line that names one counts for the client that it tells of.`
  return `${comment(text, INDENT)}\n${property(
    'proxies',
    proxies.map(({ network }) => quoted(network)),
  )}`
}

function logEntry({ key, sets, about }: FoundLog): string {
  const [only, ...others] = sets
  const feed = others.length === 0 ? only! : `[${sets.map((set) => `...${set}`).join(', ')}]`
  const line = `    ${quoted(key)}: { hackers: ${feed} },`
  if (line.length <= LINE_WIDTH) return `    // ${about}\n${line}`
  const spread = sets.map((set) => `        ...${set},`).join('\n')
  return `    // ${about}\n    ${quoted(key)}: {\n      hackers: [\n${spread}\n      ],\n    },`
}
