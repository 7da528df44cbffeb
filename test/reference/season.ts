/**
 * What a season of logs must come to, worked out from nothing but lists: no tables, no store, no restarts. Slow and plain;
 * addresses are IPv4 as four numbers' worth of text, times are milliseconds.
 */
export interface Happened {
  readonly at: number
  readonly what: 'failure' | 'login' | 'snapshot' | 'unban'
  readonly address: string
  readonly points?: number
  readonly account?: string
  readonly table?: string
}

export interface Ban {
  readonly at: number
  readonly address: string
  readonly table: string
  /** Infinity for life. */
  readonly until: number
}

export interface Season {
  readonly bans: readonly Ban[]
  /** By address: when a person banned for life was last heard of. */
  readonly lifers: ReadonlyMap<string, number>
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ladder = [HOUR, 6 * HOUR, DAY, 2 * DAY]
const NEIGHBOURS = 4

export function seasonOf(all: readonly Happened[]): Season {
  /** Ends are changed when a ban is lifted early. */
  const bans: { at: number; address: string; table: string; until: number }[] = []
  const points: { at: number; address: string; points: number; account: string | undefined }[] = []
  const logins: { at: number; address: string }[] = []
  const snapshots: { day: number; address: string; table: string }[] = []
  const seen = new Map<string, number>()

  for (const { at, what, address, ...more } of all) {
    if (what === 'snapshot') {
      snapshots.push({ day: Math.floor(at / DAY), address, table: more.table! })
      continue
    }
    const covering = bans.filter((ban) => ban.until > at && isWithin(address, ban.address))
    if (what === 'unban') {
      const forgiven = new Set([address, ...covering.map((ban) => ban.address.split('/')[0]!)])
      for (const ban of covering) ban.until = at
      for (const one of points) if (forgiven.has(one.address)) one.points = 0
      continue
    }
    seen.set(address, at)
    if (what === 'login') {
      logins.push({ at, address })
      for (const ban of covering) if (ban.address.includes('/')) ban.until = at
      for (const one of points) if (one.address === address && one.account === more.account) one.points = 0
      continue
    }
    if (covering.length > 0) continue
    points.push({ at, address, points: more.points!, account: more.account })
    const live = points.filter((one) => one.address === address && at - one.at < HOUR)
    const isFriend = (since: number, network: string) => logins.some((one) => one.at >= since && isWithin(one.address, network))
    const friend = isFriend(at - 7 * DAY, address)
    if (live.reduce((sum, one) => sum + one.points, 0) < (friend ? 300 : 100)) continue

    for (const one of live) one.points = 0
    const past = bans.filter((ban) => ban.address === address && at - ban.at <= 90 * DAY)
    const isForLife = !friend && past.length >= 4 && daysListed(address, at) > 15
    if (isForLife) {
      bans.push({ at, address, table: 'blockips', until: Number.POSITIVE_INFINITY })
      continue
    }
    const until = at + ladder[Math.min(past.length, ladder.length - 1)]!
    bans.push({ at, address, table: 'bad_ip', until })
    // The narrowest network with enough neighbours that no banned network explains already.
    const alone = bans.filter((ban) => ban.until > at && ban.table === 'bad_ip' && !ban.address.includes('/'))
    const networks = bans.filter((ban) => ban.until > at && ban.address.includes('/'))
    const unexplained = alone.filter((ban) => !networks.some((network) => isWithin(ban.address, network.address)))
    for (let bits = 31; bits >= 24; bits--) {
      const network = `${masked(address, bits)}/${bits}`
      if (unexplained.filter((ban) => isWithin(ban.address, network)).length < NEIGHBOURS) continue
      if (!logins.some((one) => one.at > at - 7 * DAY && isWithin(one.address, network))) {
        bans.push({ at, address: network, table: 'bad_ip', until })
      }
      break
    }
  }

  function daysListed(address: string, at: number): number {
    const days = new Set<string>()
    const own = bans.filter((ban) => ban.address === address)
    for (let day = Math.floor((at - 90 * DAY) / DAY); day <= Math.floor(at / DAY); day++) {
      for (const ban of own) {
        if (ban.at < (day + 1) * DAY && Math.min(ban.until, at) > day * DAY) days.add(`${day} ${ban.table}`)
      }
      for (const one of snapshots) if (one.address === address && one.day === day) days.add(`${day} ${one.table}`)
    }
    return days.size
  }

  const lifers = bans.filter(({ until }) => until === Number.POSITIVE_INFINITY)
  return { bans, lifers: new Map(lifers.map(({ address }) => [address, seen.get(address)!])) }
}

function isWithin(address: string, network: string): boolean {
  const [base = '', bits = '32'] = network.split('/')
  return masked(address, Number(bits)) === base
}

function masked(address: string, bits: number): string {
  const binary = address
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('')
  const kept = binary.slice(0, bits).padEnd(32, '0')
  return [0, 8, 16, 24].map((from) => parseInt(kept.slice(from, from + 8), 2)).join('.')
}
