import { setTimeout as sleep } from 'node:timers/promises'
import { type Network, networkOf, overlaps, parseAddress, SOURCE_BITS_IPV6 } from '../../base/address.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Table } from '../../firewall/firewall.ts'
import { dialectOf } from '../../firewall/index.ts'
import type { Runner } from '../../firewall/runner.ts'
import { dropCounters } from './drop-counters.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import type { Stranger } from './stranger.ts'

/** Who bans for the probe. */
export interface Banner {
  /** Gives why it is refused; undefined where it is not. */
  ban(network: Network, table: string): Promise<string | undefined>
  unban(network: Network): Promise<void>
}

export interface ProbeOptions {
  readonly banner: Banner
  readonly stranger: Stranger
  readonly run: Runner
  /** What is banned already: to take such an address out would let somebody in. */
  readonly banned: readonly Network[]
}

/** Addresses for documentation, which nobody has. Of several ranges, since one may be on the ignore list. */
const ADDRESSES = {
  IPv4: ['192.0.2.253', '198.51.100.253', '203.0.113.253', '192.0.2.117', '198.51.100.117', '203.0.113.117'],
  IPv6: ['2001:db8:d0c:1::1', '2001:db8:d0c:2::1', '3fff:d0c:1::1', '2001:db8:7e57:1::1'],
} as const
/** A ban is in force within milliseconds; where there is trouble, soon is soon enough. */
const IN_FORCE_MS_MAX = 2 * SECOND_MS
const LOOK_MS = 100

/** Bans an address of the documentation in a table, has packets come from it, and looks whether they were dropped. */
export async function probeFinding(table: Table, family: 'IPv4' | 'IPv6', options: ProbeOptions): Promise<Finding> {
  const about = `probe ${table.name} ${family}`
  const counter = dropCounters.get(table.kind)
  if (counter === undefined || table.options.via !== undefined)
    return warning(
      about,
      `${table.kind}: what it drops cannot be seen from here`,
      'ban an address of your own by hand, and try from there',
    )
  const { banner, stranger, run, banned } = options
  const free = ADDRESSES[family].filter((text) => !banned.some((network) => overlaps(network, banOf(text))))
  let refusal = 'all addresses of the documentation are banned already'
  for (const address of free) {
    const network = banOf(address)
    const because = await banner.ban(network, table.name)
    if (because !== undefined) {
      refusal = because
      continue
    }
    try {
      return await sent(address, network)
    } catch (error) {
      return warning(about, `no packet could be sent: ${(error as Error).message}`, 'try from another machine of yours')
    } finally {
      await banner.unban(network)
    }
  }
  return warning(about, `no address of the documentation could be banned: ${refusal}`, 'take one of them off the ignore list')

  async function sent(address: string, network: Network): Promise<Finding> {
    const isIn = await comesIn(network)
    const isIPv6 = family === 'IPv6'
    const count = async () => counter!.read(table, isIPv6, await run(counter!.question(table, isIPv6)))
    const before = await count()
    const arrived = await stranger.send(address)
    const dropped = ((await count()) ?? 0) - (before ?? 0)
    if (arrived === 0) return warning(about, `packets from ${address} did not arrive`, 'try from another machine of yours')
    const says = `our rule dropped ${dropped} of ${arrived} packets from ${address}, which was banned for it`
    if (dropped >= arrived) return ok(about, says)
    if (!isIn) return wrong(about, `${says}: it is not in the table`, 'see what "log2table status" says of the table')
    if (before === undefined) return wrong(about, `${says}: the rule is not there`, 'see what is said of the table above')
    const todo = 'see which rules stand before ours; one of yours that drops the addresses of the documentation does no harm'
    return wrong(about, says, todo)
  }

  async function comesIn(network: Network): Promise<boolean> {
    const question = dialectOf(table.kind)!.probe!(table, [network])
    for (let waited = 0; waited <= IN_FORCE_MS_MAX; waited += LOOK_MS) {
      if ((await run(question)).status === 0) return true
      await sleep(LOOK_MS)
    }
    return false
  }
}

/** IPv6 is banned by /64. */
function banOf(text: string): Network {
  const address = parseAddress(text)!
  return networkOf(address, typeof address === 'bigint' ? SOURCE_BITS_IPV6 : 32)
}
