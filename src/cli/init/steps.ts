import { howToAddUser } from '../../daemon/user.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import { engineUserOf } from './access.ts'
import type { Discovery } from './discovery.ts'
import type { FirewallKind } from './firewalls.ts'
import { hasTableForLife, LIFERS, LIFERS_FILE, type Plan, TABLE } from './plan.ts'
import { isStarted } from './rc-conf.ts'
import type { Site, System } from './site.ts'

/** Something that is left to a person: a sentence, and the commands or lines of a file for it. */
export interface Step {
  readonly says: string
  readonly lines: readonly string[]
}

/** What is left to do until the first ban, in order. */
export function stepsOf(plan: Plan, { closed }: Pick<Discovery, 'closed'>, site: Site, folder: string): readonly Step[] {
  return [
    ...userSteps(site),
    ...firewallSteps(plan, site),
    ...closedSteps(closed, site),
    {
      says: 'See whether the configuration is right, and what it would have done with the lines of the last days:',
      lines: checks(plan, closed, folder),
    },
    startStep(site),
    { says: 'See whether it really blocks, and then who is banned:', lines: ['log2table doctor', 'log2table bans'] },
  ]
}

/** Where `make install` puts what services are made of. */
const EXAMPLES = '/usr/local/share/examples/log2table'

function userSteps(site: Site): readonly Step[] {
  const { system, textOf, pathsOf } = site
  const user = engineUserOf(system)
  const isThere = new RegExp(`^${user}:`, 'm').test(textOf('/etc/passwd') ?? '')
  if (hasSystemd(site)) {
    if (unitFolders.some((unitFolder) => pathsOf(`${unitFolder}/log2table.service`).length > 0) && isThere) return []
    return [
      {
        says: 'Install the units of systemd, and the users that they need:',
        lines: [
          `install -m 644 ${EXAMPLES}/systemd/*.service ${EXAMPLES}/systemd/*.socket /etc/systemd/system/`,
          `install -m 644 ${EXAMPLES}/systemd/log2table.sysusers /usr/lib/sysusers.d/log2table.conf`,
          'systemd-sysusers && systemctl daemon-reload',
        ],
      },
    ]
  }
  if (isThere) return []
  const add = howToAddUser(user, system)
  const says = `Add the user "${user}", as whom logs are read and the configuration is run:`
  return [{ says, lines: add === undefined ? [] : [add] }]
}

const unitFolders = ['/etc/systemd/system', '/lib/systemd/system', '/usr/lib/systemd/system']

function hasSystemd({ system, pathsOf }: Site): boolean {
  const marks = ['/run/systemd/system', '/lib/systemd/system', '/usr/lib/systemd/system']
  return system === 'linux' && marks.some((path) => pathsOf(path).length > 0)
}

function checks({ logs }: Plan, closed: readonly string[], folder: string): readonly string[] {
  // As root, replay reads as the engine's user.
  const file = logs.flatMap(({ key, files }) => (key.startsWith('/') ? files : [])).find((one) => !closed.includes(one))
  return [
    folder === CONFIGURATION_FOLDER ? 'log2table check' : `log2table check --config ${folder}`,
    ...(file === undefined ? [] : [`log2table replay --config ${folder} ${file}*`]),
  ]
}

const firewallFiles: Partial<Record<FirewallKind, string>> = { pf: '/etc/pf.conf', npf: '/etc/npf.conf' }

function firewallSteps(plan: Plan, site: Site): readonly Step[] {
  const { firewall, system } = plan
  const tables = [TABLE, ...(hasTableForLife(plan) ? [LIFERS] : [])]
  const file = firewallFiles[firewall]
  const text = file === undefined ? '' : (site.textOf(file) ?? '')
  const missing = tables.filter((table) => !new RegExp(`^[^#\\n]*\\bblock\\b.*<${table}>`, 'm').test(text))
  const toEnable = enabling(firewall, site)
  const enable: readonly Step[] = toEnable.length === 0 ? [] : [{ says: `Enable ${firewall}:`, lines: toEnable }]
  switch (firewall) {
    case 'pf': {
      if (missing.length === 0) return enable
      const definitions = missing.map((table) => `table <${table}> persist${table === LIFERS ? ` file "${LIFERS_FILE}"` : ''}`)
      const rules = missing.map((table) => `block in ${table === LIFERS ? 'log ' : ''}quick from <${table}> to any`)
      const load = ['pfctl -nf /etc/pf.conf && pfctl -f /etc/pf.conf']
      return [
        { says: 'In /etc/pf.conf, before all rules that block or pass:', lines: [...definitions, ...rules] },
        { says: 'Load it:', lines: missing.includes(LIFERS) ? [`touch ${LIFERS_FILE}`, ...load] : load },
        ...enable,
      ]
    }
    case 'npf':
      if (missing.length === 0) return enable
      return [
        { says: 'In /etc/npf.conf, beside the other tables:', lines: missing.map((table) => `table <${table}> type lpm`) },
        {
          says: 'In the group "default" of /etc/npf.conf, before its other rules:',
          lines: missing.map((table) => `block in final from <${table}>`),
        },
        { says: 'Load it:', lines: ['npfctl validate && npfctl reload'] },
        ...enable,
      ]
    case 'ipfw':
      return [
        {
          says: 'Now, and in your firewall script before the rules that allow:',
          lines: tables.map((table, index) => `ipfw add ${50 + index} deny ip from 'table(${table})' to any in`),
        },
        ...enable,
      ]
    case 'ipset':
      if (!hasSystemd(site)) return []
      return [
        {
          says: 'Give the keeper what iptables needs, by "systemctl edit log2table-keeper.service":',
          lines: ['[Service]', 'AmbientCapabilities=CAP_NET_RAW', 'CapabilityBoundingSet=CAP_NET_RAW', 'ReadWritePaths=/run'],
        },
      ]
    case 'dryRun':
      return [
        {
          says: `Nothing is blocked yet: choose a firewall, ${choices[system]}, and write it in place of dryRun() in parameters.ts. docs/firewalls.md tells of each.`,
          lines: [],
        },
      ]
    default:
      return []
  }
}

const choices: Readonly<Record<System, string>> = {
  openbsd: 'pf() or bsdRoute()',
  freebsd: 'pf(), ipfw() or bsdRoute()',
  netbsd: 'npf() or bsdRoute()',
  linux: 'nftables() (package nftables), ipset() or route()',
}

/** What starts the firewall, now and at boot, where rc.conf does not. */
function enabling(firewall: FirewallKind, site: Site): readonly string[] {
  const { system } = site
  if (firewall === 'pf' && system === 'openbsd') return isStarted(site, 'pf') === false ? ['rcctl enable pf', 'pfctl -e'] : []
  if (firewall === 'pf' && isStarted(site, 'pf') !== true) return ['sysrc pf_enable=YES', 'service pf start']
  if (firewall === 'ipfw' && isStarted(site, 'firewall') !== true)
    return ['sysrc firewall_enable=YES firewall_type=open', 'service ipfw start']
  if (firewall === 'npf' && isStarted(site, 'npf') !== true) return ["echo 'npf=YES' >>/etc/rc.conf", 'service npf start']
  return []
}

function closedSteps(closed: readonly string[], site: Site): readonly Step[] {
  const user = engineUserOf(site.system)
  const groups = new Set(closed.flatMap((file) => readingGroup(file, site) ?? []))
  const others = closed.filter((file) => readingGroup(file, site) === undefined)
  return [
    ...[...groups].map((group) => {
      const files = closed.filter((file) => readingGroup(file, site) === group).join(', ')
      return { says: `${files}: let "${user}" into the group that may read it:`, lines: [intoGroup(group, user, site.system)] }
    }),
    ...(others.length > 0
      ? [{ says: `Closed to "${user}"; how such logs come to be read is in docs/processes.md:`, lines: others }]
      : []),
  ]
}

/** A group that may read the file, and is not that of those who may become root. */
function readingGroup(file: string, { ownerOf, textOf }: Site): string | undefined {
  const owner = ownerOf(file)
  if (!owner || (owner.mode & 0o040) === 0) return undefined
  const [, name] = new RegExp(`^([^:\\n]+):[^:\\n]*:${owner.gid}:`, 'm').exec(textOf('/etc/group') ?? '') ?? []
  return name === undefined || ['root', 'wheel'].includes(name) ? undefined : name
}

function intoGroup(group: string, user: string, system: System): string {
  return system === 'freebsd'
    ? `pw groupmod ${group} -m ${user}`
    : system === 'linux'
      ? `usermod -aG ${group} ${user}`
      : `usermod -G ${group} ${user}`
}

function startStep(site: Site): Step {
  const says = 'Start it, now and at boot:'
  const { system } = site
  const script = (from: string, to: string) => {
    const example = `${EXAMPLES}/${from}`
    return site.pathsOf(to).length === 0 && site.pathsOf(example).length > 0 ? [`install -m 555 ${example} ${to}`] : []
  }
  switch (system) {
    case 'openbsd':
      return {
        says,
        lines: [...script('openbsd/log2table', '/etc/rc.d/log2table'), 'rcctl enable log2table', 'rcctl start log2table'],
      }
    case 'freebsd':
      return {
        says,
        lines: [
          ...script('freebsd/log2table', '/usr/local/etc/rc.d/log2table'),
          'sysrc log2table_enable=YES',
          'service log2table start',
        ],
      }
    case 'netbsd':
      return { says: 'Start it, and let /etc/rc.local do so at boot:', lines: ['log2table run &'] }
    case 'linux':
      if (hasSystemd(site))
        return {
          says,
          lines: [
            'systemctl enable --now log2table-keeper.socket log2table-reader.socket log2table-keeper.service log2table.service',
          ],
        }
      return { says: 'Start it as root; without systemd it has no service here:', lines: ['log2table run'] }
  }
}
