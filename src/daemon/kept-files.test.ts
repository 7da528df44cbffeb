import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { logTo } from '../base/log.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { SavedBan } from '../core/model.ts'
import { keptText } from '../firewall/kept-file.ts'
import { KeptFiles, putKeptFile } from './kept-files.ts'

const AT = Date.UTC(2026, 10, 21, 9, 30)
const HEADER = '# Written by log2table, and written anew when somebody comes or goes; see "log2table parole".\n'

function lifer(address: string, more: Partial<SavedBan> = {}): SavedBan {
  const reason = '17 listings and 5 bans within 90d'
  return {
    ...{
      id: address,
      at: AT,
      network: parseNetwork(address)!,
      table: 'blockips',
      rule: 'hackers',
      until: FOR_LIFE,
      score: 100,
      reason,
    },
    ...more,
  }
}

function fixture(t: TestContext, text?: string) {
  const path = join(configurationFolder(t, text === undefined ? {} : { blockips: text }), 'blockips')
  const said: string[] = []
  const at: { bans: readonly SavedBan[] } = { bans: [] }
  const files = new KeptFiles({
    files: new Map([['blockips', path]]),
    bans: () => at.bans,
    put: async (_, entries) => putKeptFile(path, keptText(entries)),
    log: logTo((line) => said.push(line)),
  })
  return Object.assign(at, { path, said, files, text: () => readFileSync(path, 'utf8') })
}

test('the file holds those who are in its table for life, each with date, rule and reason in a comment', async (t) => {
  const at = fixture(t)
  at.bans = [
    lifer('203.0.113.9'),
    lifer('2001:db8:1:2::/64', { rule: 'by hand', reason: 'case\n198.51.100.1 \u001b[2J' }),
    lifer('203.0.113.10', { until: AT }),
    lifer('203.0.113.11', { table: 'bad_ip' }),
  ]
  await at.files.write()
  assert.equal(
    at.text(),
    `${HEADER}203.0.113.9 # 2026-11-21 hackers: 17 listings and 5 bans within 90d\n2001:db8:1:2::/64 # 2026-11-21 by hand: case\\x0a198.51.100.1 \\x1b[2J\n`,
  )
  assert.equal(statSync(at.path).mode & 0o777, 0o644)
})

test('it is written anew when somebody comes or goes, and not touched otherwise', async (t) => {
  const at = fixture(t)
  at.bans = [lifer('203.0.113.9')]
  await at.files.write()
  const { ino } = statSync(at.path)
  at.files.changed('bad_ip')
  at.files.changed('blockips')
  await at.files.write()
  assert.equal(statSync(at.path).ino, ino)
  at.bans = []
  at.files.changed('blockips')
  await at.files.write()
  assert.equal(at.text(), HEADER)
})

test('what somebody else wrote into it is told once, with a copy of it kept; our own is not', async (t) => {
  const text = '# my own\n203.0.113.9\n2001:db8::/48 # since 2019\n'
  const at = fixture(t, text)
  const [found] = at.files.found()
  assert.deepEqual(found?.networks.map(formatNetwork), ['203.0.113.9', '2001:db8::/48'])
  await at.files.write()
  assert.equal(readFileSync(`${at.path}.before-log2table`, 'utf8'), text)
  assert.deepEqual(at.files.found(), [])
})

test('of what somebody else wrote, lines that are not understood are named, and the others taken up', async (t) => {
  const at = fixture(t, '203.0.113.9\n!198.51.100.1\nexample.org\n')
  assert.deepEqual(at.files.found()[0]?.networks.map(formatNetwork), ['203.0.113.9'])
  assert.deepEqual(
    at.said.map((line) => line.slice(line.indexOf('.before-log2table'), line.indexOf(': is not'))),
    ['.before-log2table:2', '.before-log2table:3'],
  )
})

test('what somebody else wrote into it while we run is not lost', async (t) => {
  const at = fixture(t)
  await at.files.write()
  writeFileSync(at.path, '203.0.113.9\n')
  at.files.changed('blockips')
  await at.files.write()
  assert.equal(at.text(), '203.0.113.9\n')
  assert.match(at.files.troubles.join(), /cannot be written: it is not ours/)
})

test('what cannot be written is said once, is a trouble, and is tried again', async (t) => {
  const at = fixture(t)
  mkdirSync(`${at.path}.new`)
  await at.files.write()
  await at.files.write()
  assert.equal(at.said.length, 1)
  assert.match(at.files.troubles.join(), /blockips, the file of table blockips, cannot be written: EISDIR/)
  rmSync(`${at.path}.new`, { recursive: true })
  writeFileSync(at.path, '')
  await at.files.write()
  assert.deepEqual([at.files.troubles, at.text()], [[], HEADER])
})
