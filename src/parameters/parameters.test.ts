import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dryRun, Hackers, nftables, parameters } from '../index.ts'

test('parameters are given back as they are', () => {
  const written = { rules: { hackers: new Hackers({ table: 'bad_ip' }) }, tables: { bad_ip: dryRun() }, logs: {} }
  assert.equal(parameters(written), written)
})

test('the compiler finds the same mistakes as check', () => {
  const never = () => {
    // @ts-expect-error an unknown key
    parameters({ rules: {}, logs: {}, ignor: [] })
    // @ts-expect-error a pattern without a regex
    parameters({ rules: {}, logs: { '/var/log/authlog': { hackers: [{ weight: 20 }] } } })
    // @ts-expect-error a class where a rule made from it belongs
    parameters({ rules: { hackers: Hackers }, logs: {} })
    // @ts-expect-error an unknown option of a rule
    new Hackers({ table: 'bad_ip', treshold: 5 })
    // @ts-expect-error an unknown option of a table
    nftables({ sise: 5 })
  }
  assert.equal(typeof never, 'function')
})
