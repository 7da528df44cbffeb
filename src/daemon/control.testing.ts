import { formatNetwork } from '../base/address.ts'
import type { DaemonControl, StatusReport } from './control-protocol.ts'

/** A daemon of which all is well, and which does nothing. */
export function idleControl(changes: Partial<DaemonControl> = {}): DaemonControl {
  return {
    status: () => wellReport,
    view: () => ({ climbing: [], decisions: [] }),
    bans: () => [],
    ban: () => ({ decisions: [] }),
    unban: () => ({ decisions: [] }),
    release: () => [],
    dismiss: () => {},
    snapshot: () => [],
    standing: (network) => ({
      address: formatNetwork(network),
      database: '/var/lib/log2table/state.db',
      refusal: null,
      rules: [],
    }),
    confirm: () => false,
    reload: () => Promise.resolve({ configuration: '/etc/log2table', logs: 2, rules: 1, tables: 1 }),
    ...changes,
  }
}

export const wellReport: StatusReport = {
  troubles: [],
  version: '2.0.0',
  pid: 4711,
  startedAt: '2026-11-20T09:30:00.000Z',
  upMs: 86_400_000,
  mode: 'enforcing',
  configuration: '/etc/log2table',
  state: '/var/lib/log2table',
  protected: 12,
  logs: [
    {
      log: '/var/log/auth.log',
      state: 'reading',
      reason: null,
      isByReader: false,
      behindBytes: 0,
      lagMs: 0,
      lines: 12_345,
      hits: 99,
      overlongLines: 0,
      lostBytes: 0,
      lostLines: 0,
    },
  ],
  tables: [
    {
      ...{ table: 'bad_ip', kind: 'nftables', desired: 3, enforced: 3, state: 'enforcing', reason: null, queued: 0, byOthers: 0 },
      fullness: null,
    },
  ],
  rules: [{ rule: 'hackers', state: 'running', reason: null, hits: 99, bans: 7, scored: 21 }],
  patterns: [],
  costs: [{ pattern: 'sshd/failed', lines: 42, ms: 1.5 }],
  blindSpots: [],
  store: { path: '/var/lib/log2table/log2table.db', state: 'keeping', reason: null, pending: 0 },
  bounds: [{ name: 'addresses with points', limit: 1_000_000, used: 21 }],
}
