import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialectOf, dialects } from './index.ts'
import { tableRefusal } from './shared-tables.ts'

const refusal = (kind: string, name: string, options = {}, listed?: readonly string[]) =>
  tableRefusal(dialectOf(kind)!, { name, kind, options }, listed ? { tables: new Map([[kind, listed]]) } : {})

test('without a list, tables of the manual and those that are called as we are may be used, and no others', () => {
  for (const kind of ['pf', 'ipfw', 'npf']) {
    for (const name of ['bad_ip', 'bad_ip2', 'blockips', 'wifi', 'log2table', 'log2table-ssh'])
      assert.equal(refusal(kind, name), undefined)
    for (const name of ['trusted', 'spamd-white', 'bad_ipx', 'my_log2table'])
      assert.equal(
        refusal(kind, name),
        `commands.json allows no table "${name}" of ${kind}; list it there, with all others: "tables": { "${kind}": ["${name}"] }`,
      )
  }
})

test('in an anchor of pf, only one that is called as we are, or that is listed', () => {
  assert.equal(refusal('pf', 'any', { anchor: 'log2table' }), undefined)
  assert.equal(refusal('pf', 'any', { anchor: 'log2table/ssh' }), undefined)
  assert.match(refusal('pf', 'bad_ip', { anchor: 'bans/log2table' })!, /no table "bans\/log2table:bad_ip" of pf/)
  assert.equal(refusal('pf', 'bad_ip', { anchor: 'bans' }, ['bans:bad_ip']), undefined)
  assert.match(refusal('pf', 'bad_ip', { anchor: 'log2tables' })!, /no table "log2tables:bad_ip" of pf/)
})

test('a list says it all', () => {
  assert.equal(refusal('pf', 'worst', {}, ['worst']), undefined)
  assert.match(refusal('pf', 'bad_ip', {}, ['worst'])!, /no table "bad_ip" of pf/)
})

test('what a dialect makes under names of its own needs no leave', () => {
  const shared = dialects.filter(({ sharedName }) => sharedName).map(({ kind }) => kind)
  assert.deepEqual(shared, ['pf', 'ipfw', 'npf'])
  for (const { kind } of dialects.filter(({ sharedName }) => !sharedName)) assert.equal(refusal(kind, 'trusted'), undefined)
})
