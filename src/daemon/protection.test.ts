import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { logTo } from '../base/log.ts'
import type { Protection } from '../firewall/read-protected.ts'
import { ProtectionWatch } from './protection.ts'

let folder: string
let friends: string
let office: string
let said: string[]
let machine: Protection

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-protection-'))
  friends = join(folder, 'friends')
  office = join(folder, 'office')
  writeFileSync(friends, '192.0.2.7\n2001:db8::/32 # the lab\n')
  writeFileSync(office, '198.51.100.0/24\n')
  said = []
  machine = own('127.0.0.0/8')
})
afterEach(() => rmSync(folder, { recursive: true }))

const own = (...networks: readonly string[]): Protection => ({
  networks: networks.map((text) => ({ network: parseNetwork(text)!, because: 'own address of lo' })),
  troubles: [],
})

function watchOf(...files: readonly string[]): ProtectionWatch {
  return new ProtectionWatch({
    ignore: { networks: [parseNetwork('203.0.113.0/24')!], files },
    proxies: [],
    readMachine: () => Promise.resolve(machine),
    log: logTo((line) => said.push(line.replaceAll(folder, 'FOLDER'))),
  })
}

/** What is protected now, as text; undefined where nothing has changed. */
async function look(watch: ProtectionWatch) {
  const fact = await watch.look()
  return (
    fact && {
      ignored: fact.ignored.map(formatNetwork),
      protected: fact.protected.map(({ network }) => formatNetwork(network)),
      suspended: fact.suspended?.replaceAll(folder, 'FOLDER'),
    }
  )
}

const troublesOf = ({ troubles }: ProtectionWatch) => troubles.map((trouble) => trouble.replaceAll(folder, 'FOLDER'))

const known = {
  ignored: ['203.0.113.0/24', '192.0.2.7', '2001:db8::/32'],
  protected: ['127.0.0.0/8'],
  suspended: undefined,
}

test('the networks of the configuration, those of its files and those of the machine are protected', async () => {
  const watch = watchOf(friends, office)
  assert.deepEqual(await look(watch), { ...known, ignored: [...known.ignored, '198.51.100.0/24'] })
  assert.deepEqual([troublesOf(watch), said], [[], []])
})

test('nothing is told again as long as nothing has changed', async () => {
  const watch = watchOf(friends)
  await look(watch)
  assert.equal(await look(watch), undefined)
  machine = own('127.0.0.0/8', '192.0.2.1')
  assert.deepEqual((await look(watch))?.protected, ['127.0.0.0/8', '192.0.2.1'])
  assert.equal(await look(watch), undefined)
})

test('a file that was changed is read again, also where another took its place', async () => {
  const watch = watchOf(friends)
  await look(watch)
  writeFileSync(friends, '192.0.2.77\n')
  assert.deepEqual((await look(watch))?.ignored, ['203.0.113.0/24', '192.0.2.77'])
  writeFileSync(office, '192.0.2.78\n')
  renameSync(office, friends)
  assert.deepEqual((await look(watch))?.ignored, ['203.0.113.0/24', '192.0.2.78'])
  assert.deepEqual(said, [])
})

describe('nobody is banned while it is not known who must not be', () => {
  const troubles: readonly (readonly [what: string, harm: () => void, trouble: string])[] = [
    ['a file is gone', () => unlinkSync(friends), 'FOLDER/friends does not exist'],
    [
      'a file has a fault',
      () => writeFileSync(friends, '192.0.2.7\n\n1.2.3\nexample.org\n'),
      'FOLDER/friends:3 1.2.3: an IPv4 address has four numbers',
    ],
    [
      'a file is suddenly empty',
      () => writeFileSync(friends, ''),
      'FOLDER/friends is suddenly empty (if that is meant, run "log2table reload")',
    ],
    [
      'a file suddenly says nothing',
      () => writeFileSync(friends, '# nobody left\n'),
      'FOLDER/friends is suddenly empty (if that is meant, run "log2table reload")',
    ],
    [
      'a file is no file any more',
      () => {
        unlinkSync(friends)
        mkdirSync(friends)
      },
      'FOLDER/friends is no file',
    ],
  ]
  for (const [what, harm, trouble] of troubles) {
    test(`${what}: what it said last holds on, until it is restored`, async () => {
      const watch = watchOf(friends)
      await look(watch)
      harm()
      assert.deepEqual(await look(watch), { ...known, suspended: `nobody is banned while ${trouble}` })
      assert.equal(await look(watch), undefined)
      assert.deepEqual(troublesOf(watch), [trouble])

      rmSync(friends, { recursive: true, force: true })
      writeFileSync(friends, '192.0.2.7\n2001:db8::/32\n')
      assert.deepEqual(await look(watch), known)
      assert.deepEqual(troublesOf(watch), [])
      assert.deepEqual(said, [
        `warning: what must not be banned is not known for certain: ${trouble}`,
        'what must not be banned is known again',
      ])
    })
  }

  test('several files in trouble are all named, and one that is mended is not enough', async () => {
    const watch = watchOf(friends, office)
    await look(watch)
    unlinkSync(friends)
    unlinkSync(office)
    const [first, second] = ['FOLDER/friends does not exist', 'FOLDER/office does not exist']
    assert.equal((await look(watch))?.suspended, `nobody is banned while ${first}; ${second}`)
    writeFileSync(friends, '192.0.2.7\n')
    assert.equal((await look(watch))?.suspended, `nobody is banned while ${second}`)
    assert.deepEqual(troublesOf(watch), [second])
    assert.equal(said.at(-1), `warning: what must not be banned is not known for certain: ${second}`)
  })

  test('an emptied file stays suspicious however often it is written empty, or faulty in between', async () => {
    const watch = watchOf(friends)
    await look(watch)
    for (const text of ['', '# still nothing\n', '1.2.3\n', '\n\n\n']) {
      writeFileSync(friends, text)
      await look(watch)
      assert.equal(troublesOf(watch).length, 1, JSON.stringify(text))
    }
    assert.match(troublesOf(watch)[0]!, /suddenly empty/)
    machine = own('192.0.2.1')
    assert.deepEqual((await look(watch))?.ignored, known.ignored)
  })
})

test('a file that was empty from the beginning is nothing to worry about', async () => {
  writeFileSync(friends, '')
  const watch = watchOf(friends)
  assert.deepEqual(await look(watch), { ...known, ignored: ['203.0.113.0/24'] })
})

test('a machine that suddenly shows no address of its own has nobody banned, and what it told before is protected still', async () => {
  const watch = watchOf()
  machine = { ...own('127.0.0.0/8', '192.0.2.1'), ownAddresses: 2 }
  assert.equal((await look(watch))?.suspended, undefined)
  const trouble = 'this machine shows no address of its own'
  machine = { ...own('127.0.0.0/8'), troubles: [trouble], ownAddresses: 0 }
  assert.deepEqual(await look(watch), {
    ...{ ignored: ['203.0.113.0/24'], protected: ['127.0.0.0/8', '192.0.2.1'] },
    suspended: `nobody is banned while ${trouble}`,
  })
  assert.deepEqual(troublesOf(watch), [trouble])
  assert.deepEqual(said, [`warning: what must not be banned is not known for certain: ${trouble}`])
  machine = { ...own('127.0.0.0/8', '192.0.2.2'), ownAddresses: 2 }
  assert.deepEqual((await look(watch))?.protected, ['127.0.0.0/8', '192.0.2.2'])
  assert.deepEqual(troublesOf(watch), [])
})

test('one that never showed any is left as it is', async () => {
  const watch = watchOf()
  machine = { ...own('127.0.0.0/8'), troubles: ['this machine shows no address of its own'], ownAddresses: 0 }
  assert.equal((await look(watch))?.suspended, undefined)
})

test('gateways that cannot be read any more are protected as they were', async () => {
  const watch = watchOf()
  machine = own('127.0.0.0/8', '192.0.2.1')
  await look(watch)
  machine = { ...own('127.0.0.0/8'), troubles: ['/proc/net/route cannot be read: EACCES'] }
  assert.equal(await look(watch), undefined)
})

test('what the machine cannot tell of itself is said once, and suspends nothing', async () => {
  const watch = watchOf(friends)
  machine = { ...machine, troubles: ['gateways are not known: netstat -rn: killed after 10s'] }
  assert.equal((await look(watch))?.suspended, undefined)
  await look(watch)
  assert.deepEqual(said, [
    'warning: what must not be banned is not known for certain: gateways are not known: netstat -rn: killed after 10s',
  ])
})
