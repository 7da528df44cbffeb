import assert from 'node:assert/strict'
import { mkdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { formatNetwork } from '../base/address.ts'
import { parseIgnoreFile, readIgnoreFile } from './ignore-file.ts'

test('one network a line is read, comments and empty lines are not', () => {
  const { networks, faults } = parseIgnoreFile('# friends\n192.0.2.7\n\n  198.51.100.0/24  # the office\r\n2001:db8::/32')
  assert.deepEqual(networks.map(formatNetwork), ['192.0.2.7', '198.51.100.0/24', '2001:db8::/32'])
  assert.deepEqual(faults, [])
})

test('an empty file ignores nobody, and nothing is wrong with it', () => {
  assert.deepEqual(parseIgnoreFile(''), { networks: [], faults: [] })
})

test('a mark of the byte order at the start is no part of the first address', () => {
  assert.deepEqual(parseIgnoreFile('\ufeff192.0.2.7\n').networks.map(formatNetwork), ['192.0.2.7'])
})

test('every bad line is told with its number', () => {
  assert.deepEqual(parseIgnoreFile('192.0.2.7\n1.2.3\n\nfriend.example.org # no\n192.0.2.7 192.0.2.8\n').faults, [
    { line: 2, message: '1.2.3: an IPv4 address has four numbers' },
    { line: 4, message: 'friend.example.org: a name; names are never resolved, give the address' },
    { line: 5, message: '192.0.2.7 192.0.2.8: an address has no white space in it' },
  ])
})

test('a file that is there is read', (t) => {
  const folder = configurationFolder(t, { friends: '192.0.2.7\n' })
  assert.deepEqual(readIgnoreFile(join(folder, 'friends')).networks?.map(formatNetwork), ['192.0.2.7'])
})

test('a file with a bad line is trouble as a whole: half a list of friends would ban the other half', (t) => {
  const folder = configurationFolder(t, { friends: '192.0.2.7\n192.0.2.8/24\n' })
  assert.deepEqual(readIgnoreFile(join(folder, 'friends')), {
    trouble: [{ line: 2, message: '192.0.2.8/24: host bits are set; did you mean 192.0.2.0/24 or 192.0.2.8?' }],
  })
})

test('a file that is missing, too large or no file is trouble', (t) => {
  const folder = configurationFolder(t, { large: '' })
  truncateSync(join(folder, 'large'), 8 * 1024 * 1024 + 1)
  mkdirSync(join(folder, 'folder'))
  const told = ['missing', 'large', 'folder'].map((name) => readIgnoreFile(join(folder, name)).trouble?.[0]?.message)
  assert.deepEqual(told, ['does not exist', 'has more than 8388608 bytes', 'is no file'])
})
