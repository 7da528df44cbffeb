import { type Address, type Network, sourceNetwork } from '../../src/base/address.ts'
import type { CoreState } from '../../src/core/core.ts'
import type { Change, Offender, SavedBan, SavedHit, SavedSession } from '../../src/core/model.ts'

/** A store that keeps every change in a list and works everything out from it: slow, plain, and right. */
export class Journal {
  readonly #changes: Change[] = []
  readonly #windowMs: number

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  commit(changes: readonly Change[]): void {
    this.#changes.push(...changes)
  }

  load(): CoreState {
    const hits: (SavedHit | undefined)[] = []
    const bans = new Map<string, SavedBan>()
    const kept = new Map<string, CoreState['kept'][number]>()
    const sessions = new Map<string, SavedSession>()
    let clockAt: number | undefined
    const drop = (gone: (hit: SavedHit) => boolean) => {
      for (const [index, hit] of hits.entries()) if (hit && gone(hit)) hits[index] = undefined
    }
    for (const change of this.#changes) {
      switch (change.kind) {
        case 'hit':
          if (change.hit.points > 0) hits.push(change.hit)
          break
        case 'spend':
          drop((hit) => hit.rule === change.rule && hit.source === change.source)
          break
        case 'credit':
          drop((hit) => hit.rule === change.rule && hit.source === change.source && hit.account === change.account)
          break
        case 'ban':
          bans.set(change.ban.id, change.ban)
          break
        case 'unban':
          bans.delete(change.id)
          break
        case 'kept': {
          const key = `${change.rule} ${change.source}`
          if (change.kept === undefined && change.wakeAt === undefined) kept.delete(key)
          else kept.set(key, change)
          break
        }
        case 'session':
          sessions.delete(change.session.key)
          sessions.set(change.session.key, change.session)
          break
        case 'session-over':
          sessions.delete(change.key)
          break
        case 'clock':
          clockAt = change.at
      }
    }
    const live = hits
      .filter((hit) => hit !== undefined)
      .filter((hit) => clockAt === undefined || clockAt - hit.at < this.#windowMs)
    return { hits: live, bans: [...bans.values()], kept: [...kept.values()], sessions: [...sessions.values()], clockAt }
  }

  loginsSince(since: number): Address[] {
    return this.#changes.flatMap((change) => (change.kind === 'login' && change.at > since ? [change.source] : []))
  }

  offender(source: Address): Offender | undefined {
    const bans: { id: string; at: number; rule: string; table: string; until: number }[] = []
    let lastLoginAt: number | undefined
    for (const change of this.#changes) {
      if (change.kind === 'ban' && isOf(change.ban.network, source)) bans.push({ ...change.ban })
      if (change.kind === 'unban') {
        for (const ban of bans) if (ban.id === change.id) ban.until = Math.min(ban.until, change.at)
      }
      if (change.kind === 'login' && change.source === source) lastLoginAt = change.at
    }
    return bans.length > 0 || lastLoginAt !== undefined ? { bans, listings: [], lastLoginAt } : undefined
  }
}

function isOf({ address, bits }: Network, source: Address): boolean {
  return address === source && bits === sourceNetwork(source).bits
}
