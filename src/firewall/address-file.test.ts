import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS } from '../base/units.ts'
import { addressFile } from './address-file.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = (options: object = {}) => ({ name: 'bad_ip', kind: 'addressFile', options: { file: 'nginx', ...options } })
const network = (address: string) => parseNetwork(address)!
const entries = ['192.0.2.1', '198.51.100.0/24', '2001:db8:0:1::/64'].map((address) => ({
  network: network(address),
  until: NOW + HOUR_MS,
}))

test('a change is one of lines, in the form that was asked for, and then the command', () => {
  assert.deepEqual(addressFile.add(table(), entries, NOW), [
    { file: 'nginx', verb: 'add', lines: ['192.0.2.1', '198.51.100.0/24', '2001:db8:0:1::/64'] },
  ])
  assert.deepEqual(addressFile.add(table({ form: 'deny', after: 'reload-nginx' }), entries, NOW), [
    { file: 'nginx', verb: 'add', lines: ['deny 192.0.2.1;', 'deny 198.51.100.0/24;', 'deny 2001:db8:0:1::/64;'] },
    { command: 'reload-nginx', table: 'bad_ip' },
  ])
  assert.deepEqual(addressFile.delete(table({ form: 'geo' }), [network('192.0.2.1')]), [
    { file: 'nginx', verb: 'delete', lines: ['192.0.2.1 1;'] },
  ])
  assert.deepEqual([...addressFile.renew!(table(), entries, NOW), ...addressFile.add(table(), [], NOW)], [])
})

test('a file is read: lines of others and other forms are not ours', () => {
  const found = (form: string, text: string) =>
    addressFile.present(table({ form }), [text], NOW).map((one) => [formatNetwork(one.network), one.until])
  const text = '# 192.0.2.7\n192.0.2.1\n198.51.100.0/24\nlocalhost\ndeny 192.0.2.2;\n 192.0.2.3\n2001:DB8::/64\n'
  assert.deepEqual(found('plain', text), [
    ['192.0.2.1', FOR_LIFE],
    ['198.51.100.0/24', FOR_LIFE],
  ])
  assert.deepEqual(found('deny', text), [['192.0.2.2', FOR_LIFE]])
  assert.deepEqual(found('geo', '192.0.2.1 1;\n192.0.2.2 0;\ndefault 0;\n'), [['192.0.2.1', FOR_LIFE]])
})

test('a file that is gone is missing, and made again', () => {
  assert.deepEqual(addressFile.setUp(table()), [{ file: 'nginx', verb: 'add', lines: [] }])
  assert.equal(addressFile.missing(table(), [{ status: 0, stdout: '', stderr: '' }]), 'file nginx')
  assert.equal(addressFile.missing(table(), [{ status: 0, stdout: '/etc/nginx/banned', stderr: '' }]), undefined)
})

test('where the command fails, it is that which is told', () => {
  const failed = { status: 1, stdout: '', stderr: 'nginx: [emerg] unexpected "}" in /etc/nginx/nginx.conf:7\nnginx: failed\n' }
  assert.deepEqual(addressFile.explain(table({ after: 'reload-nginx' }), failed), {
    kind: 'unusable',
    sentence:
      'the file is written, but the command reload-nginx ended with status 1: nginx: [emerg] unexpected "}" in /etc/nginx/nginx.conf:7',
  })
})

test('options that are not known are faults; names of commands.json are told', () => {
  assert.deepEqual(addressFile.faults(table({ form: 'geo', after: 'x' })), [])
  assert.deepEqual(addressFile.faults({ name: 'x', kind: 'addressFile', options: { form: 'csv', after: 5, mode: 1 } }), [
    "addressFile: name a file of commands.json, such as addressFile('banned')",
    'addressFile: form must be one of plain, deny, geo',
    'addressFile: after must be the name of a command of commands.json',
    'addressFile: there is no option "mode"; there are form and after',
  ])
  assert.deepEqual(addressFile.names!(table({ after: 'x' })), { files: ['nginx'], commands: ['x'] })
})
