import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PatternError } from './compile.ts'
import { jsonText } from './json-line.ts'

const read = (form: string, record: unknown) => jsonText(form)(record)

describe('the text of a JSON line', () => {
  test('has the values of the keys that its form names, wherever they stand in the line', () => {
    const record = {
      status: 404,
      request: { uri: '/a b', headers: { 'User-Agent': ['curl', 'x'] } },
      ts: 1795255200.25,
      ok: true,
    }
    assert.equal(
      read('{ts} {status} {ok} "{request.uri}" "{request.headers.User-Agent.0}"', record),
      '1795255200.25 404 true "/a b" "curl"',
    )
  })

  test('exists only where all keys are there but those that may be missing', () => {
    assert.equal(read('{a} {b?} "{c?}"', { a: 1 }), '1 - "-"')
    assert.equal(read('{a} {b}', { a: 1 }), undefined)
    assert.equal(read('{a} {b.c}', { a: 1, b: 'c' }), undefined)
    for (const b of [{}, [], null]) assert.equal(read('{b}', { b }), undefined)
  })

  test('takes the first of several keys that is there', () => {
    assert.equal(read('{new|old.name}', { old: { name: 'x' } }), 'x')
    assert.equal(read('{new|old.name}', { new: 'y', old: { name: 'x' } }), 'y')
  })

  test('knows no key but those of the line itself', () => {
    for (const key of ['constructor', '__proto__', 'a.length', 'toString.name'])
      assert.equal(read(`{${key}}`, { a: 'x' }), undefined)
    assert.equal(read('{__proto__}', JSON.parse('{"__proto__":"x"}')), 'x')
    assert.equal(read('{request.ip}', { 'request.ip': '192.0.2.1' }), undefined)
  })

  test('has no quotation mark of a stranger where a value ends at one, and no space where it ends at a space', () => {
    assert.equal(read('"{a}" 404', { a: '" 200 \\' }), String.raw`"\" 200 \\" 404`)
    assert.equal(read('{a} 404', { a: 'x 200 "' }), String.raw`x\x20200\x20\" 404`)
    assert.equal(read('[{a}] {b}', { a: 'x] y', b: '' }), String.raw`[x\x5d\x20y] -`)
    assert.equal(read('"{a}"', { a: '\n\0\x7f\u2028é' }), '"\\x0a\\x00\\x7f\u2028é"')
  })

  test('can be taken apart again: no value passes for another', () => {
    const form = jsonText('{a} ip={b}; "{c}" [{d}] {e}')
    const parts = /^([^ ]+) ip=([^ ;]+); "((?:[^"\\]|\\.)*)" \[([^ \]]+)\] ([^ ]+)$/s
    const unescaped = (text: string) =>
      text.replace(/\\(?:x([\da-f]{2})|(.))/g, (_, code, one) => one ?? String.fromCharCode(Number.parseInt(code, 16)))
    const hostile = fc.oneof(
      fc.string(),
      fc
        .constantFrom('192.0.2.1', '" [', '; ip=192.0.2.1; "', '\\', '\\"', '] ', '\n', '-', '\u2028', '\\x20')
        .chain((one) => fc.string().map((other) => one + other)),
    )
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, hostile, (a, b, c, d, e) => {
        const [, ...found] = parts.exec(form({ a, b, c, d, e })!)!
        assert.deepEqual(found.map(unescaped), [a || '-', b || '-', c, d || '-', e || '-'])
      }),
    )
  })

  test('needs a form that can be read', () => {
    for (const form of ['', 'no key', '{a', 'a}', '{a} {b', '{}', '{a..b}', '{a|}', '{a}{b}', '{{a}}'])
      assert.throws(() => jsonText(form), PatternError, form)
  })
})
