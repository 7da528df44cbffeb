import { isStarted } from './rc-conf.ts'
import type { Site, System } from './site.ts'

/** Kinds of tables that need nothing but the firewall itself. */
export type FirewallKind = 'pf' | 'ipfw' | 'npf' | 'nftables' | 'ipset' | 'route' | 'bsdRoute' | 'dryRun'

/** What a system may have, the likeliest first; each that can be chosen. */
export const firewallsOf: Readonly<Record<System, readonly FirewallKind[]>> = {
  openbsd: ['pf', 'bsdRoute', 'dryRun'],
  freebsd: ['pf', 'ipfw', 'bsdRoute', 'dryRun'],
  netbsd: ['npf', 'bsdRoute', 'dryRun'],
  linux: ['nftables', 'ipset', 'route', 'dryRun'],
}

export interface FoundFirewall {
  /** `dryRun` where none is in use that we know. */
  readonly kind: FirewallKind
  /** How we know, or what is missing. */
  readonly because: string
}

/** Which firewall the machine uses. */
export async function findFirewall(site: Site): Promise<FoundFirewall> {
  switch (site.system) {
    case 'openbsd':
      return { kind: 'pf', because: 'it is part of the system' }
    case 'freebsd':
      return await bsdFirewall(site, freebsdFirewalls)
    case 'netbsd':
      return await bsdFirewall(site, netbsdFirewalls)
    case 'linux':
      return await linuxFirewall(site)
  }
}

interface BsdFirewall {
  readonly kind: FirewallKind
  readonly rc: string
  readonly question: readonly string[]
  /** What is answered where it is at work. */
  readonly answer: RegExp
}

const freebsdFirewalls: readonly BsdFirewall[] = [
  { kind: 'pf', rc: 'pf', question: ['pfctl', '-s', 'info'], answer: /^Status: Enabled\b/m },
  { kind: 'ipfw', rc: 'firewall', question: ['sysctl', '-n', 'net.inet.ip.fw.enable'], answer: /^1$/m },
]
const netbsdFirewalls: readonly BsdFirewall[] = [
  { kind: 'npf', rc: 'npf', question: ['npfctl', 'show'], answer: /^# filtering:\s+active\b/m },
]

/** One at work goes before one that rc.conf will start. */
async function bsdFirewall(site: Site, known: readonly BsdFirewall[]): Promise<FoundFirewall> {
  for (const { kind, question, answer } of known) {
    const said = await site.ask(...question)
    if (said?.status === 0 && answer.test(said.stdout)) return { kind, because: 'it is enabled' }
  }
  const started = known.find(({ rc }) => isStarted(site, rc))
  if (started) return { kind: started.kind, because: 'rc.conf starts it' }
  return { kind: 'dryRun', because: `neither enabled nor in rc.conf: ${known.map(({ kind }) => kind).join(', ')}` }
}

async function linuxFirewall(site: Site): Promise<FoundFirewall> {
  if (site.programAt('nft')) {
    const said = await site.ask('nft', 'list', 'tables')
    // Who is not root is told "Operation not permitted", and that says nothing of the kernel.
    const isMissing = /not supported|no such file/i.test(said?.stderr ?? '')
    if (!isMissing) return { kind: 'nftables', because: 'nft is installed' }
  }
  if (site.programAt('ipset') && site.programAt('iptables')) return { kind: 'ipset', because: 'ipset and iptables are installed' }
  return { kind: 'dryRun', because: 'neither nft nor ipset with iptables is there' }
}
