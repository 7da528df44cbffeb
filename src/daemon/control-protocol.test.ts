import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNetwork } from '../base/address.ts'
import { parseAnswer, parseRequest, REQUEST_BYTES_MAX } from './control-protocol.ts'

test('each request is understood, its addresses parsed and what was left out filled in', () => {
  const requests = [
    [{ do: 'status' }, { do: 'status' }],
    [{ do: 'bans' }, { do: 'bans' }],
    [
      { do: 'bans', table: 'bad_ip' },
      { do: 'bans', table: 'bad_ip' },
    ],
    [{ do: 'reload' }, { do: 'reload' }],
    [
      { do: 'ban', address: '::ffff:192.0.2.7', forMs: null, invoker: '2001:db8::1' },
      { do: 'ban', address: parseNetwork('192.0.2.7'), forMs: null, reason: '', invoker: parseNetwork('2001:db8::1') },
    ],
    [
      { do: 'unban', address: '2001:db8::/64', reason: 'ours' },
      { do: 'unban', address: parseNetwork('2001:db8::/64'), reason: 'ours' },
    ],
    [
      { do: 'release', name: 'set/slow (/x+/)' },
      { do: 'release', name: 'set/slow (/x+/)' },
    ],
  ] as const
  for (const [message, request] of requests) assert.deepEqual(parseRequest(JSON.stringify(message)), { request })
})

const faults: readonly (readonly [line: string, fault: string])[] = [
  ['', 'the request is no JSON'],
  ['status', 'the request is no JSON'],
  ['null', 'the request: Object is expected, not null'],
  [
    '[]',
    'do: ("status" | "view" | "bans" | "ban" | "unban" | "dismiss" | "release" | "snapshot" | "reload" | "confirm" | "standing") is expected, not undefined',
  ],
  [
    '{"do":"panic"}',
    'do: ("status" | "view" | "bans" | "ban" | "unban" | "dismiss" | "release" | "snapshot" | "reload" | "confirm" | "standing") is expected, not "panic"',
  ],
  ['{"do":"status","json":true}', 'unknown key "json" in the request'],
  ['{"do":"ban","address":"1.2.3","forMs":1}', 'address: 1.2.3: an IPv4 address has four numbers'],
  ['{"do":"ban","address":"192.0.2.7"}', 'forMs: "forMs" is expected, not undefined'],
  ['{"do":"ban","address":"192.0.2.7","forMs":0}', 'forMs: a whole number from 1 to 3155760000000 is expected, or null'],
  ['{"do":"ban","address":"192.0.2.7","forMs":1.5}', 'forMs: a whole number from 1 to 3155760000000 is expected, or null'],
  ['{"do":"ban","address":"192.0.2.7","forMs":1e300}', 'forMs: a whole number from 1 to 3155760000000 is expected, or null'],
  ['{"do":"ban","address":"192.0.2.7","forMs":1,"table":"t; flush"}', 'table: a name is made of letters, digits, "_" and "-"'],
  ['{"do":"unban","address":7,"reason":7}', 'address: string is expected, not 7\nreason: string is expected, not 7'],
  [`{"do":"unban","address":"192.0.2.7","reason":"${'x'.repeat(1_001)}"}`, 'reason: at most 1000 characters are allowed'],
]

for (const [line, fault] of faults) {
  test(`${line.slice(0, 80) || 'an empty line'} is refused with what is wrong`, () =>
    assert.deepEqual(parseRequest(line), { fault }))
}

test('a request over the limit is refused whatever it says', () => {
  const line = JSON.stringify({ do: 'status', padding: 'x'.repeat(REQUEST_BYTES_MAX) })
  assert.deepEqual(parseRequest(line), { fault: 'the request is longer than 65536 bytes' })
})

test('an answer of a newer daemon is understood without what is new in it, and nonsense is not', () => {
  assert.deepEqual(parseAnswer('{"kind":"end","status":0,"took":12}'), { kind: 'end', status: 0 })
  for (const line of ['', '{}', '{"kind":"begin"}', '{"kind":"end","status":"fine"}', '[1,2]', '\0'])
    assert.equal(parseAnswer(line), undefined, line)
})
