import { type Address, formatNetwork, sourceNetwork } from '../base/address.ts'
import type { Listing } from '../base/listings.ts'
import type { Instant } from '../base/units.ts'
import type { Change, PastBan } from '../core/model.ts'
import type { Store } from './store.ts'

/** A store for replay and tests: it holds only what the core asks back while it runs, and nothing outlives it. */
export function memoryStore(): Store {
  /** By the text of the network, then by id. */
  const bans = new Map<string, Map<string, HeldBan>>()
  const networkOfBan = new Map<string, string>()
  const logins = new Map<Address, Instant>()

  /** By the text of the network, then by day and table. */
  const listings = new Map<string, Map<string, Listing>>()

  const apply = (change: Change) => {
    switch (change.kind) {
      case 'ban': {
        const { id, at, rule, table, until } = change.ban
        const network = formatNetwork(change.ban.network)
        networkOfBan.set(id, network)
        const ofNetwork = bans.get(network) ?? new Map<string, HeldBan>()
        bans.set(network, ofNetwork)
        ofNetwork.set(id, { at, rule, table, until, endedAt: undefined })
        return
      }
      case 'unban': {
        const ban = bans.get(networkOfBan.get(change.id) ?? '')?.get(change.id)
        if (ban) ban.endedAt ??= change.at
        return
      }
      case 'snapshot':
        for (const network of change.networks) {
          const text = formatNetwork(network)
          const days = listings.get(text) ?? new Map<string, Listing>()
          listings.set(text, days.set(`${change.day} ${change.table}`, { day: change.day, table: change.table }))
        }
        return
      case 'login':
        logins.set(change.source, Math.max(change.at, logins.get(change.source) ?? 0))
    }
  }

  return {
    commit(changes) {
      for (const change of changes) apply(change)
    },
    load: () => ({ hits: [], bans: [], kept: [], sessions: [], positions: [], lifted: [], clockAt: undefined }),
    offender(source) {
      const past = [...(bans.get(formatNetwork(sourceNetwork(source)))?.values() ?? [])]
      const lastLoginAt = logins.get(source)
      const listed = [...(listings.get(formatNetwork(sourceNetwork(source)))?.values() ?? [])]
      if (past.length === 0 && listed.length === 0 && lastLoginAt === undefined) return undefined
      past.sort((a, b) => a.at - b.at)
      const endOf = ({ until, endedAt = until }: HeldBan) => Math.min(until, endedAt)
      const ended = past.map((ban) => ({ at: ban.at, rule: ban.rule, table: ban.table, until: endOf(ban) }))
      return { bans: ended, listings: listed, lastLoginAt }
    },
    loginsSince: (since) => [...logins].filter(([, at]) => at > since).map(([source]) => source),
    purge(before, rowsMax) {
      let left = rowsMax
      for (const [id, network] of networkOfBan) {
        if (left === 0) return true
        const ofNetwork = bans.get(network)!
        const { endedAt } = ofNetwork.get(id)!
        if (endedAt === undefined || endedAt >= before) continue
        ofNetwork.delete(id)
        if (ofNetwork.size === 0) bans.delete(network)
        networkOfBan.delete(id)
        left--
      }
      for (const [source, at] of logins) {
        if (left === 0) return true
        if (at >= before) continue
        logins.delete(source)
        left--
      }
      return left === 0
    },
    room: () => undefined,
    close() {},
  }
}

interface HeldBan extends PastBan {
  endedAt: Instant | undefined
}
