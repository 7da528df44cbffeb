import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatAddress, parseAddress } from '../base/address.ts'
import { compilePattern } from './compile.ts'
import { jsonText } from './json-line.ts'
import { jsonPrefix, withJson } from './json-scanner.ts'
import { type Pattern, patternSet } from './pattern.ts'
import { regexpScanner } from './regexp-scanner.testing.ts'

const web = patternSet({ name: 'web', json: '{ts} {ip} "{uri}"' }, [
  { name: 'probe', weight: 50, regex: /^\S+ (?<ip>\S+) "(?<path>\/\.env)"$/ },
  { name: 'any', weight: 5, regex: /^\S+ (?<ip>\S+) "/ },
])
const login = patternSet({ name: 'login', json: '{ip} {user}', prefix: /^\S+ app\[(?<session>\d+)\]: / }, [
  { name: 'failed', weight: 20, regex: /^(?<ip>\S+) (?<user>\S+)$/ },
])
const plain: Pattern = { name: 'plain', weight: 10, regex: /^\S+ from(?<ip>[\d.]+)/ }

/** What is found, as `line number, feed: pattern address`. */
function scan(feeds: readonly (readonly Pattern[])[], lines: readonly string[]) {
  const text = lines.map((line) => `${line}\n`).join('')
  const block = Buffer.from(text)
  const scanner = withJson(regexpScanner)(feeds.map((patterns, index) => ({ rule: String(index), patterns })))
  const found: string[] = []
  const numberOf = (start: number) => block.subarray(0, start).toString().split('\n').length
  scanner.scan(block, {
    match({ feed, pattern, start, end, address, session = '', groups: { user = '', path = '' }, text }) {
      assert.equal(block.subarray(start, end).toString(), lines[numberOf(start) - 1]?.replace('\r', ''))
      assert.ok(feeds[feed]!.includes(pattern))
      assert.equal(text !== undefined, pattern.set?.json !== undefined)
      const address_ = address === undefined ? 'none' : formatAddress(address)
      found.push([numberOf(start), feed, pattern.name, address_, session, user, path].filter((one) => one !== '').join(' '))
    },
    repeated: (start, _end, times) => found.push(`${numberOf(start)} repeated ${times}`),
  })
  return { found, counts: { ...scanner.counts } }
}

const record = (ip: string, uri: string) => JSON.stringify({ ip, uri, ts: 1795255200 })

test('JSON lines are matched in the form of their set, in their order among the others', () => {
  const { found, counts } = scan(
    [[plain, ...web]],
    [
      'x from192.0.2.1',
      record('203.0.113.9', '/.env'),
      'dull',
      'x from192.0.2.2',
      `${record('2001:db8::9', '/é')}\r`,
      '{}',
      '{"',
    ],
  )
  assert.deepEqual(found, [
    '1 0 plain 192.0.2.1',
    '2 0 web/probe 203.0.113.9 /.env',
    '4 0 plain 192.0.2.2',
    '5 0 web/any 2001:db8::9',
  ])
  assert.deepEqual(counts, { lines: 7, overlong: 0, withoutAddress: 0 })
})

test('every feed has the one pattern that counts, whatever form it is of', () => {
  const cheap = { ...web[1]!, weight: 10 }
  const plain: Pattern = { name: 'plain', weight: 10, regex: /^\{"ip":"(?<ip>[\d.]+)/ }
  const harmless = { ...plain, weight: 0 }
  const line = record('203.0.113.9', '/x')
  assert.deepEqual(scan([web, [plain], [plain, cheap], [cheap, plain], [harmless, ...web]], [line]).found, [
    '1 0 web/any 203.0.113.9',
    '1 1 plain 203.0.113.9',
    '1 2 plain 203.0.113.9',
    '1 3 web/any 203.0.113.9',
    '1 4 plain 203.0.113.9',
  ])
})

test('JSON behind a prefix belongs to the session that the prefix names', () => {
  const line = 'www app[4711]: {"user":"root","ip":"203.0.113.9"}'
  const forged = 'www other[1]: www app[4711]: {"user":"root","ip":"192.0.2.1"}'
  assert.deepEqual(scan([[...web, ...login]], [line, forged, line.slice(15)]).found, ['1 0 login/failed 203.0.113.9 4711 root'])
})

test('a scanner for JSON is made when the first line comes that may be of it', () => {
  let made = 0
  const scanner = withJson((feeds) => {
    made++
    return regexpScanner(feeds)
  })([{ rule: '0', patterns: [plain, ...web, ...login] }])
  const madeBy = (line: string) => {
    scanner.scan(Buffer.from(`${line}\n`), { match() {}, repeated() {} })
    return made
  }
  assert.equal(madeBy('x from192.0.2.1'), 1)
  assert.equal(madeBy('{}'), 2) // what says which lines may match
  assert.equal(madeBy(record('203.0.113.9', '/.env')), 3)
})

test('a prefix before JSON takes a few steps a byte, whatever the line; what can take longer is refused', () => {
  const slow = patternSet({ name: 'slow', json: '{ip}', prefix: /^(?:[a-z]+\s*)+: / }, [{ regex: /^(?<ip>\S+)$/ }])
  const before = process.cpuUsage().user
  const { found } = scan([slow], [`${'a'.repeat(40)}!{"ip":"192.0.2.1"}`, `${'a '.repeat(40)}: {"ip":"203.0.113.9"}`])
  assert.ok(process.cpuUsage().user - before < 1_000_000)
  assert.deepEqual(
    found.map((one) => one.split(' ').slice(1)),
    [['0', 'slow/1', '203.0.113.9']],
  )
  assert.throws(() => jsonPrefix(/^(?!x)\w+: /), /can't stand before JSON, as it has a lookahead/)
})

test('what no line of the log is costs nothing and breaks nothing', () => {
  const lines = [
    '{"ip":',
    '}',
    '',
    '{"ip":"192.0.2.1"} }',
    '[{}',
    `{"ip":"x","uri":"${'['.repeat(9000)}","ts":{}}`,
    record('x', '/'),
  ]
  const { found, counts } = scan([web], [...lines, `{"uri":"${'x'.repeat(17_000)}","ip":"203.0.113.9","ts":1}`])
  assert.deepEqual(found, [])
  assert.deepEqual(counts, { lines: 8, overlong: 1, withoutAddress: 1 })
})

test('repetitions are told after the line that they repeat', () => {
  const repeated = 'Nov 21 10:00:00 www last message repeated 3 times'
  assert.deepEqual(scan([web], [record('203.0.113.9', '/'), repeated]).found, ['1 0 web/any 203.0.113.9', '2 repeated 3'])
})

describe('lines that cannot match are not parsed, and none that can is passed over', () => {
  const form = '{id} [{a}];;;{b?} "{c}"'
  const sets = [
    [{ name: 'number', regex: /^1234567 \[(?<ip>[\d.]+)\]/ }],
    [{ name: 'escaped', regex: /^\S+ \[(?<ip>[\d.]+)\];;;\S*(?:x20Failed|\\x20login|tail\\x5d) "/ }],
    [{ name: 'either', regex: /^\S+ \[(?<ip>[\d.]+)\];;;\S+ ".*(?:mode\/etc|<script>|c\\"quote)/i }],
    [{ name: 'missing', regex: /^\S+ \[(?<ip>[\d.]+)\];;;- "/ }],
  ]
  const piece = fc.constantFrom(
    '1234567',
    ' Failed',
    'Failed',
    ' login',
    'x20',
    'tail]',
    '/etc',
    'MODE/ETC',
    '<Script>',
    'c"quote',
    '\\',
    '-',
    'é',
    '\n',
  )
  const text = fc.array(piece, { maxLength: 2 }).map((pieces) => pieces.join(''))
  const address = fc.constantFrom('192.0.2.1', '203.0.113.9', ' 192.0.2.1')
  const record = fc.record(
    { id: fc.oneof(fc.constant(1234567), text), a: address, b: text, c: text, d: text },
    { requiredKeys: ['id', 'a', 'c'] },
  )
  // As PHP, Go and others write it.
  const writer = fc.constantFrom(
    (json: string) => json,
    (json: string) => json.replaceAll('/', '\\/'),
    (json: string) => json.replaceAll(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
  )
  for (const patterns of sets) {
    test(`by ${patterns[0]!.name}`, () => {
      const set = patternSet({ name: 'any', json: form }, patterns)
      let matched = 0
      fc.assert(
        fc.property(fc.array(fc.tuple(record, writer), { maxLength: 5 }), (records) => {
          const lines = records.map(([one, write]) => write(JSON.stringify(one)))
          const expected = lines.flatMap((line, index) => {
            const seen = Buffer.from(jsonText(form)(JSON.parse(line)) ?? '').toString('latin1')
            const hit = set.find(({ regex }) => compilePattern({ regex }).regex.test(seen))
            return hit && parseAddress(/\[([^\]]*)/.exec(seen)![1]!) !== undefined ? [`${index + 1} ${hit.name}`] : []
          })
          matched += expected.length
          assert.deepEqual(
            scan([set], lines).found.map((one) => one.replace(/ 0 (\S+).*/, ' $1')),
            expected,
          )
        }),
        { numRuns: 1000 },
      )
      assert.ok(matched > 50, 'hardly a line matched, so this proves little')
    })
  }
})
