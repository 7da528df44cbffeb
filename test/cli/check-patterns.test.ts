import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { configurationFolder } from '../lib/configuration-folder.ts'
import { log2table } from './session.ts'

const parameters = String.raw`
import { dryRun, Hackers, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'

const mine = [
  { name: 'quick', regex: /^bad(?:ly)? (?:thing|stuff) from (?<ip>\S+)$/i },
  { name: 'lookahead', regex: /^user (?!root )\S+ from (?<ip>\S+)$/ },
  { name: 'again', regex: /^(\w+) is \1 from (?<ip>\S+)$/ },
  { name: 'anything', regex: /^(?<ip>\S+)$/ },
  { name: 'large', regex: /^(?:.{0,200}x){3} (?<ip>\S+)$/ },
]
export default parameters({
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/app.log': { hackers: mine }, '/var/log/other.log': { hackers: [...mine, ...sshd] } },
})
`

test('check counts how patterns are run, and names those that may be slow or are tried on every line', async (t) => {
  const { status, stdout } = await log2table(['check', '--config', configurationFolder(t, { 'parameters.ts': parameters })])
  assert.equal(status, exitStatus.done)
  const lines = stdout.split('\n').filter((line) => line.startsWith('engine'))
  assert.match(
    lines[0]!,
    /^engine {2}(\d+) of (\d+) patterns run as automata, 2 as RegExp within a limit of time, 1 on every line$/,
  )
  assert.deepEqual(lines.slice(1), [
    'engine  lookahead: runs as RegExp, as it has a lookahead, (?!root )',
    'engine  again: runs as RegExp, as it has a backreference, \\1',
    'engine  anything: runs on every line, as there is no text that all its matches hold',
  ])
})

test('check --patterns lists each pattern once: engine, states, what it reads, literals, and what may make it slow', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parameters })
  const { stdout } = await log2table(['check', '--patterns', '--config', folder])
  const rows = new Map(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => [line.split('\t')[0], line.split('\t').slice(1)]),
  )
  assert.equal(rows.size, stdout.trimEnd().split('\n').length)
  assert.ok(rows.has('sshd/failed-password'))
  const [engine, states, reads, literals, notes] = rows.get('quick')!
  assert.deepEqual([engine, reads, notes], ['automaton', 'lines', '-'])
  assert.ok(Number(states) > 20)
  assert.match(literals!, /^".+"(?: ".+")*$/)
  assert.equal(rows.get('large')![1], '-')
  assert.match(rows.get('large')!.at(-1)!, /^it has more states than are kept/)
  assert.deepEqual(rows.get('anything')!.slice(2, 4), ['lines', '-'])
})

test('check --json gives the same as records', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parameters })
  const records = async (...more: readonly string[]) =>
    (await log2table(['check', '--json', '--config', folder, ...more])).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === 'pattern')
  const notable = await records()
  assert.deepEqual(
    notable.map(({ pattern }) => pattern),
    ['lookahead', 'again', 'anything'],
  )
  assert.deepEqual(notable[2], {
    kind: 'pattern',
    pattern: 'anything',
    engine: 'automaton',
    reads: 'lines',
    literals: null,
    states: null,
    notLinear: null,
  })
  assert.ok((await records('--patterns')).length > 20)
})
