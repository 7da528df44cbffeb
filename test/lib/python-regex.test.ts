import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromPython } from './python-regex.ts'

const sources = (python: string) => fromPython(python).map(({ source }) => source)

test('what is written alike in both stays as it is', () => {
  for (const same of [String.raw`^a\[(?:b|c)[^\]x]*(?=d)(?!e)\d{2,3}?\s+$`, '(?<!a)b', String.raw`[\w\-.^_]`]) {
    assert.deepEqual(sources(same), [same])
  }
})

test('groups, classes, counts and the case of letters are written as JavaScript has them', () => {
  assert.deepEqual(sources(String.raw`(?P<user>\S+) (?P=user)`), [String.raw`(?<user>\S+) \k<user>`])
  assert.deepEqual(sources('[]a][^]b][[c]'), [String.raw`[\]a][^\]b][\[c]`])
  assert.deepEqual(sources('a{,3}'), ['a{0,3}'])
  assert.deepEqual(sources('a(?i:bC[d-f]1)g'), ['a(?:[bB][Cc][d-fD-F]1)g'])
  assert.deepEqual(sources(String.raw`((?i)a|\d[\w])b`), [String.raw`([aA]|\d[\w])b`])
})

test('where it asks whether a group took part, each way is a regex of its own', () => {
  assert.deepEqual(sources('^(?P<q>")?a(?(q)"|;)$'), ['^(?<q>")a(?:")$', '^a(?:;)$'])
  assert.deepEqual(sources('(?:(?P<q>b)|c|d)(?(q)x)'), ['(?:(?<q>b))(?:x)', '(?:c|d)(?:)'])
})
