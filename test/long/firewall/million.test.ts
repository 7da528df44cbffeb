import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress, networkOf } from '../../../src/base/address.ts'
import { logTo } from '../../../src/base/log.ts'
import { HOUR_MS, SECOND_MS } from '../../../src/base/units.ts'
import type { Command, Dialect } from '../../../src/firewall/firewall.ts'
import { ipset } from '../../../src/firewall/ipset.ts'
import { nftables } from '../../../src/firewall/nftables.ts'
import type { KeyedEntry } from '../../../src/firewall/request.ts'
import { createRunner } from '../../../src/firewall/runner.ts'
import { TableKeeper } from '../../../src/firewall/table-keeper.ts'
import { createNamespace, NAMESPACE_PROGRAMS } from '../../lib/namespace.ts'
import { needs, program } from '../../lib/programs.ts'
import { waitFor } from '../../lib/wait-for.ts'

/** A table with as many entries as it has room for, on the real firewall: what it costs, and that nothing is lost or silent. */
const COUNT = 1_000_000
const LIMIT_MS = 4 * 60 * SECOND_MS

const cases: readonly {
  readonly dialect: Dialect<Command>
  readonly programs: readonly string[]
  readonly flush: readonly string[]
}[] = [
  { dialect: nftables, programs: ['nft'], flush: ['nft', 'flush', 'set', 'inet', 'log2table', 'bad_ip_v4'] },
  {
    dialect: ipset,
    programs: ['ipset', 'iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore'],
    flush: ['ipset', 'flush', 'log2table_bad_ip_v4'],
  },
]

const entryOf = (address: number, until: number): KeyedEntry => ({
  key: formatAddress(address),
  network: networkOf(address),
  until,
})

for (const { dialect, programs, flush } of cases) {
  describe(`a million entries, ${dialect.kind}`, { skip: needs([...NAMESPACE_PROGRAMS, ...programs, 'ss', 'conntrack']) }, () => {
    test('go in, one more too, the soonest to end is let go when there is no more room, and what is flushed comes back', async (t) => {
      const namespace = await createNamespace()
      t.after(() => namespace.close())
      const lines: string[] = []
      const run = createRunner({ path: namespace.folderOf([...programs, 'ss', 'conntrack']) })
      const table = { name: 'bad_ip', kind: dialect.kind, options: { size: COUNT } }
      const timers = {
        after(ms: number, call: () => void) {
          const timer = setTimeout(call, ms)
          return () => clearTimeout(timer)
        },
      }
      const keeper = new TableKeeper({ table, dialect, run, log: logTo((line) => lines.push(line)), timers, now: Date.now })
      t.after(() => keeper.stop())
      const timed = async (what: string, isSo: () => boolean) =>
        t.diagnostic(`${what}: ${((await waitFor(what, LIMIT_MS, isSo)) / 1000).toFixed(1)} s`)

      const until = Date.now() + 10 * HOUR_MS
      const first = 0x0b000000
      // Ten end an hour before the others: a firewall that is listed tells ends to the second only.
      const all = Array.from({ length: COUNT }, (_, i) => entryOf(first + i, i < 10 ? until - HOUR_MS : until + i))
      keeper.want(all.slice(0, -1))
      keeper.begin()
      await timed('999,999 from nothing', () => keeper.status().enforced === COUNT - 1)

      keeper.want(all.slice(-1))
      await timed('one more', () => keeper.status().enforced === COUNT)

      const later = Array.from({ length: 10 }, (_, i) => entryOf(0xc6336400 + i, until + 100 * HOUR_MS))
      keeper.want(later)
      await timed('ten that end later, in the place of others', () => lines.some((line) => line.includes('let go')))
      await keeper.settled()
      const { desired, enforced } = keeper.status()
      assert.equal(desired, COUNT + 10)
      // A set of ipset takes some more than it is made for.
      assert.ok(enforced >= COUNT && enforced <= COUNT + 10, `${enforced}`)
      for (const { network } of later) assert.equal((await run(dialect.probe!(table, [network]))).status, 0)
      const isIn = await Promise.all(
        all.slice(0, 10).map(async ({ network }) => (await run(dialect.probe!(table, [network]))).status === 0),
      )
      assert.equal(isIn.filter((one) => one).length, enforced - COUNT)
      assert.match(lines.join('\n'), /holds 1,000,000 of at most 1,000,000 entries|is full/)

      lines.length = 0
      const [name, ...args] = flush
      await namespace.run([program(name!), ...args])
      await timed('all flushed, seen and restored', () => lines.some((line) => line.includes('restored in')))
      t.diagnostic(lines.join('; '))
      await keeper.settled()
      assert.ok(keeper.status().enforced >= COUNT, `${keeper.status().enforced}`)
      for (const { network } of [all[500_000]!, ...later]) assert.equal((await run(dialect.probe!(table, [network]))).status, 0)
    })
  })
}
