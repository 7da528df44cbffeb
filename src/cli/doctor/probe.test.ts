import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNetwork, parseNetwork } from '../../base/address.ts'
import type { CommandResult, Step } from '../../firewall/firewall.ts'
import { probeFinding } from './probe.ts'

const table = { name: 'bad_ip', kind: 'nftables', options: {} }
const said = (stdout: string, status = 0): CommandResult => ({ status, stdout, stderr: '' })
const rules = (dropped: number) => `\t\tip saddr @bad_ip_v4 counter packets ${dropped} bytes 132 drop
\t\tip6 saddr & ffff:ffff:ffff:ffff:: == @bad_ip_v6 counter packets ${dropped} bytes 192 drop
`

interface Scene {
  /** Why an address is refused. */
  readonly refused?: Readonly<Record<string, string>>
  readonly banned?: readonly string[]
  readonly arrived?: number | Error
  /** What the rule had counted before, and after. */
  readonly counted?: readonly [number, number]
}

/** What comes of a probe, and what was done for it in the meantime. */
async function probe({ refused = {}, banned = [], arrived = 3, counted = [7, 10] }: Scene, family: 'IPv4' | 'IPv6' = 'IPv4') {
  const done: string[] = []
  let hasSent = false
  const { state, says } = await probeFinding(table, family, {
    banned: banned.map((text) => parseNetwork(text)!),
    banner: {
      async ban(network) {
        const because = refused[formatNetwork(network)]
        done.push(`${because === undefined ? 'ban' : 'refused'} ${formatNetwork(network)}`)
        return because
      },
      async unban(network) {
        done.push(`unban ${formatNetwork(network)}`)
      },
    },
    stranger: {
      async send(address) {
        done.push(`send ${address}`)
        hasSent = true
        if (typeof arrived === 'object') throw arrived
        return arrived
      },
      close: async () => {},
    },
    run: async (step: Step) => said('argv' in step && step.argv.includes('list') ? rules(counted[hasSent ? 1 : 0]) : ''),
  })
  return { says: `${state}: ${says}`, done }
}

test('an address is banned, packets come from it, the counter tells, and it is taken out again', async () => {
  assert.deepEqual(await probe({}), {
    says: 'ok: our rule dropped 3 of 3 packets from 192.0.2.253, which was banned for it',
    done: ['ban 192.0.2.253', 'send 192.0.2.253', 'unban 192.0.2.253'],
  })
  assert.deepEqual((await probe({}, 'IPv6')).done, [
    'ban 2001:db8:d0c:1::/64',
    'send 2001:db8:d0c:1::1',
    'unban 2001:db8:d0c:1::/64',
  ])
})

test('packets that the counter did not see were not dropped by us, those that did not arrive prove nothing', async () => {
  assert.equal(
    (await probe({ counted: [7, 8] })).says,
    'wrong: our rule dropped 1 of 3 packets from 192.0.2.253, which was banned for it',
  )
  assert.equal((await probe({ arrived: 0, counted: [7, 7] })).says, 'warning: packets from 192.0.2.253 did not arrive')
})

test('an address that is banned is left alone, one that is refused is passed over, and where none is left it is said why', async () => {
  const { done } = await probe({ banned: ['192.0.2.0/24'], refused: { '198.51.100.253': 'ignore list' } })
  assert.deepEqual(done, ['refused 198.51.100.253', 'ban 203.0.113.253', 'send 203.0.113.253', 'unban 203.0.113.253'])
  assert.deepEqual(await probe({ banned: ['0.0.0.0/0'] }), {
    says: 'warning: no address of the documentation could be banned: all addresses of the documentation are banned already',
    done: [],
  })
})

test('whatever fails, the address is taken out', async () => {
  assert.deepEqual(await probe({ arrived: new Error('this machine has no IPv6') }), {
    says: 'warning: no packet could be sent: this machine has no IPv6',
    done: ['ban 192.0.2.253', 'send 192.0.2.253', 'unban 192.0.2.253'],
  })
})
