import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compilePattern, namedGroups, PatternError } from './compile.ts'

/** What a regex finds in the bytes of a text. */
function groupsIn(regex: RegExp, text: string): Record<string, string> | undefined {
  const found = compilePattern({ regex }).regex.exec(Buffer.from(text).toString('latin1'))
  return found ? { ...found.groups } : undefined
}

describe('a regex runs on bytes', () => {
  test('a dot is any byte but the line feed, a carriage return and U+2028 included', () => {
    assert.deepEqual(groupsIn(/^user (?<user>.*) from (?<ip>\S+)$/, 'user a\rb\u2028c from 192.0.2.1')?.ip, '192.0.2.1')
  })

  test('white space is that of ASCII: no byte of a UTF-8 letter is', () => {
    // The second byte of "à" is 0xA0, which JavaScript takes for a no-break space.
    assert.equal(groupsIn(/^(?<user>\S+) (?<ip>\S+)$/, 'voilà 192.0.2.1')?.ip, '192.0.2.1')
    assert.equal(groupsIn(/^(?<user>[^\s]+) (?<ip>\S+)$/, 'voilà 192.0.2.1')?.ip, '192.0.2.1')
    assert.equal(groupsIn(/^(?<user>[\S]+)\s(?<ip>\S+)$/, 'voilà 192.0.2.1')?.ip, '192.0.2.1')
  })

  test('a letter outside ASCII stands for its bytes, repeated as a whole', () => {
    assert.equal(groupsIn(/^échec+ é{2} (?<ip>\S+)$/, 'écheccc éé 192.0.2.1')?.ip, '192.0.2.1')
  })

  test('a letter outside ASCII in brackets is refused, with what to write instead', () => {
    assert.throws(
      () => compilePattern({ regex: /^[éa] (?<ip>\S+)$/ }),
      new PatternError(`"é" can't stand in [...]: it is several bytes; write (?:a|é)`),
    )
  })

  test('flags other than i are refused', () => {
    for (const regex of [/(?<ip>x)/g, /(?<ip>x)/m, /(?<ip>x)/u]) assert.throws(() => compilePattern({ regex }), PatternError)
    assert.ok(compilePattern({ regex: /(?<ip>x)/i }))
  })
})

test('the names of groups are found, lookbehind and escaped brackets are not taken for them', () => {
  assert.deepEqual(namedGroups('(?<ip>\\(?<no>)(?<=x)(?<user>[(?<no>])'), ['ip', 'user'])
})
