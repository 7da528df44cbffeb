import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress, parseAddress, parseNetwork } from '../base/address.ts'
import { HOUR_MS, type Json, SECOND_MS } from '../base/units.ts'
import { Hackers } from '../rules/hackers.ts'
import { Core } from './core.ts'
import type { HitFact, ProtectFact } from './model.ts'
import { Protection } from './protection.ts'

const proxies = ['192.0.2.10', '198.51.100.0/24', '2001:db8:1::/48'].map((text) => parseNetwork(text)!)

describe('behind a proxy', () => {
  const cases: readonly (readonly [what: string, address: string, forwarded: Json | undefined, client: string | undefined])[] = [
    ['a line of anybody else is his own, whatever he says', '203.0.113.9', '192.0.2.1', '203.0.113.9'],
    ['the client is who was forwarded', '192.0.2.10', '203.0.113.9', '203.0.113.9'],
    ['IPv6 too', '2001:db8:1::7', '2001:db8:2::9', '2001:db8:2::9'],
    [
      'what a client claims stands before his own address, and is not believed',
      '192.0.2.10',
      '127.0.0.1, 203.0.113.9',
      '203.0.113.9',
    ],
    ['a second proxy of ours is passed over', '192.0.2.10', '127.0.0.1, 203.0.113.9, 198.51.100.7', '203.0.113.9'],
    ['a line without that does not count', '192.0.2.10', undefined, undefined],
    ['a line that names nobody does not count', '192.0.2.10', '-', undefined],
    ['a line whose last hop is no address does not count', '192.0.2.10', '203.0.113.9, unknown', undefined],
    ['a line that names none but proxies does not count', '192.0.2.10', '198.51.100.7', undefined],
    ['a value that is no text does not count', '192.0.2.10', 7, undefined],
  ]
  for (const [what, address, forwarded, client] of cases) {
    test(what, () => {
      const protection = new Protection()
      protection.replace({ ignored: [], protected: [], proxies })
      const found = protection.clientOf(parseAddress(address)!, forwarded)
      assert.equal(found === undefined ? undefined : formatAddress(found), client)
    })
  }
})

test('a proxy is never banned, not by hand either; the client behind it is', () => {
  const START = Date.UTC(2026, 10, 21)
  const core = new Core({
    rules: new Map([['hackers', new Hackers({ table: 'bad_ip' })]]),
    tables: new Set(['bad_ip']),
    offender: () => undefined,
  })
  const fact: ProtectFact = { kind: 'protect', at: START, ignored: [], protected: [], proxies }
  core.tell(fact)
  const hit = (n: number, forwarded?: string): HitFact => ({
    ...{ kind: 'hit', at: START + n * SECOND_MS, rule: 'hackers', log: 'access.log', position: n, pattern: 'p', set: undefined },
    ...{
      weight: 60,
      once: false,
      distinct: undefined,
      spoofable: false,
      login: undefined,
      session: undefined,
      account: undefined,
    },
    ...{ address: parseAddress('192.0.2.10'), times: 1, line: '', parameters: forwarded === undefined ? {} : { forwarded } },
  })
  const decided = () => core.take().decisions.map((one) => `${one.kind} ${one.address} ${'reason' in one ? one.reason : ''}`)
  for (const n of [0, 1, 2, 3]) core.tell(hit(n))
  assert.deepEqual(decided(), [])
  assert.equal(core.report().ignoredHits, 4)
  for (const n of [4, 5]) core.tell(hit(n, '203.0.113.9'))
  assert.deepEqual(decided(), ['ban 203.0.113.9 p in access.log'])
  const order = { do: 'ban', table: 'bad_ip', until: START + HOUR_MS, reason: '' } as const
  for (const text of ['192.0.2.10', '198.51.100.0/25'])
    core.tell({ kind: 'order', at: START, order: { ...order, network: parseNetwork(text)! } })
  assert.deepEqual(decided(), ['refused 192.0.2.10 a proxy', 'refused 198.51.100.0/25 a proxy'])
})

test('while it is not known who must not be banned, nobody is, and who had the points for it is written down', () => {
  const core = new Core({
    rules: new Map([['hackers', new Hackers({ table: 'bad_ip' })]]),
    tables: new Set(['bad_ip']),
    offender: () => undefined,
  })
  const suspended = 'nobody is banned while /etc/log2table/friends does not exist'
  core.tell({ kind: 'protect', at: 0, ignored: [], protected: [], suspended })
  for (const n of [0, 1])
    core.tell({
      ...{ kind: 'hit', at: n, rule: 'hackers', log: 'log', position: n, pattern: 'p', set: undefined, weight: 50, once: false },
      ...{ distinct: undefined, spoofable: false, login: undefined, session: undefined, account: undefined, times: 1, line: '' },
      ...{ address: parseAddress('203.0.113.9'), parameters: {} },
    })
  const { decisions, tableChanges } = core.take()
  assert.deepEqual(
    decisions.map((one) => [one.kind, 'reason' in one && one.reason]),
    [['refused', suspended]],
  )
  assert.deepEqual(tableChanges, [])
})
