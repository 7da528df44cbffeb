import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocksOf, historyOfTables } from './table-sizes.ts'

test('each table has a block for each day, the higher the more entries, and a dot where it was not looked at', () => {
  const sizes = [
    { day: 100, table: 'bad_ip', entries: 0 },
    { day: 100, table: 'a', entries: 0 },
    { day: 101, table: 'bad_ip', entries: 35 },
    { day: 103, table: 'bad_ip', entries: 70 },
    { day: 104, table: 'bad_ip', entries: 10 },
  ]
  const tables = historyOfTables(sizes)
  assert.deepEqual(
    tables.map((one) => [one.table, one.least, one.most, one.last, blocksOf(one)]),
    [
      ['a', 0, 0, 0, '▁'],
      ['bad_ip', 0, 70, 10, '▁▅·█▂'],
    ],
  )
  assert.deepEqual(historyOfTables([]), [])
})
