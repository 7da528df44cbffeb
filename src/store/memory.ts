import { type Address, formatNetwork, isSource, sourceNetwork } from '../base/address.ts'
import type { Listing } from '../base/listings.ts'
import type { Instant } from '../base/units.ts'
import type { Change } from '../core/model.ts'
import { PastBans } from './past-bans.ts'
import type { Store } from './store.ts'

/** A store for replay and tests: it holds only what the core asks back while it runs, and nothing outlives it. */
export function memoryStore(): Store {
  const bans = new PastBans()
  /** Rows of those that live, by id. */
  const live = new Map<string, number>()
  const logins = new Map<Address, Instant>()
  /** By the text of the network, then by day and table. */
  const listings = new Map<string, Map<string, Listing>>()

  const apply = (change: Change) => {
    switch (change.kind) {
      case 'ban':
        // Nobody asks for those of a wider network.
        if (isSource(change.ban.network)) live.set(change.ban.id, bans.add(change.ban.network.address, change.ban))
        return
      case 'unban': {
        const row = live.get(change.id)
        if (row !== undefined) bans.end(row, change.at)
        live.delete(change.id)
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
      const past = bans.of(source)
      const lastLoginAt = logins.get(source)
      const listed = [...(listings.get(formatNetwork(sourceNetwork(source)))?.values() ?? [])]
      if (past.length === 0 && listed.length === 0 && lastLoginAt === undefined) return undefined
      return { bans: past, listings: listed, lastLoginAt }
    },
    loginsSince: (since) => [...logins].filter(([, at]) => at > since).map(([source]) => source),
    purge(before, rowsMax) {
      let left = rowsMax - bans.purge(before, rowsMax)
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
