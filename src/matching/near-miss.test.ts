import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NearMisses } from './near-miss.ts'
import { patternSet } from './pattern.ts'

const nearness = (regex: RegExp, line: string, prefix?: RegExp, json?: string) => {
  const [pattern] = patternSet({ name: 'door', ...(prefix && { prefix }), ...(json !== undefined && { json }) }, [{ regex }])
  const miss = new NearMisses(pattern!).of(line)
  return miss && [miss.fits, miss.wants, Math.round(miss.share * 100)]
}

const regex = /^Failed password for (?<user>.*) from (?<ip>[\d.]+) port \d+ ssh2$/

test('the place is told where a line and a pattern part', () => {
  assert.deepEqual(nearness(regex, 'Failed password for root from gate port 5 ssh2'), [
    'Failed password for root from ',
    '(?<ip>[\\d.]+)',
    67,
  ])
  assert.deepEqual(nearness(regex, 'Failed password for root from 192.0.2.7 port 5 ssh3'), [
    'Failed password for root from 192.0.2.7 port 5 ssh',
    '2',
    95,
  ])
  assert.deepEqual(nearness(/^no such user (?<user>\S+) at (?<ip>\S+)$/, 'no such thing'), ['no such ', 'user ', 43])
})

test('the whole may fit, and what stands for the address be none', () => {
  assert.deepEqual(nearness(/^knock by (?<ip>\S+)$/, 'knock by gate.example.org'), [
    'knock by gate.example.org',
    'an address, not "gate.example.org"',
    100,
  ])
})

test('a line of another program, or hardly like it, is not near', () => {
  assert.equal(nearness(regex, 'Nov 21 door: Failed password for root from gate', /^Nov \d+ sshd: /), undefined)
  assert.equal(nearness(regex, 'Fail'), undefined)
  assert.deepEqual(nearness(regex, 'Nov 21 sshd: Failed password for root', /^Nov \d+ sshd: /)?.[0], 'Failed password for root')
})

test('of a JSON line that text counts which patterns see, and it is shown as it was written', () => {
  const form = '{client} {event}'
  assert.deepEqual(nearness(/^(?<ip>\S+) wrong-pass$/, '{"client":"192.0.2.7","event":"wrong-key"}', undefined, form), [
    '192.0.2.7 wrong-',
    'pass',
    64,
  ])
  assert.deepEqual(nearness(/^für\s+wen: (?<ip>\S+)$/, 'für wen? 192.0.2.7'), ['für wen', ': ', 67])
})
