import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationFault, showValue, unknownKeyFault, wholeNumberFault } from './value.ts'

test('a value is shown short and on one line', () => {
  class Thing {}
  const shown = ['a\nb', 'x'.repeat(100), 5, 5n, null, undefined, true, [1], {}, /a/i, Thing].map(showValue)
  const expected = ['"a\\nb"', `"${'x'.repeat(57)}..."`, '5', '5n', 'null', 'undefined', 'true', 'a list', 'an object', '/a/i']
  assert.deepEqual(shown, [...expected, 'the function or class Thing'])
})

test('a length of time that is nearly right is told how to be written', () => {
  const hints = { '1 hour': '1h', '10 minutes': '10m', '5 sec': '5s', '2 WEEKS': '2w', '3600': '3600s' }
  for (const [text, right] of Object.entries(hints)) assert.equal(durationFault(text)?.hint, `write "${right}"`, text)
  for (const wrong of ['', 'soon', '-5m', '0s', '1.5h', null, -5, Number.NaN]) {
    assert.equal(durationFault(wrong)?.hint, 'write for example "90s", "10m", "1h" or "7d"', String(wrong))
  }
  assert.equal(durationFault('1d12h'), undefined)
})

test('a whole number is within its limits, both included', () => {
  const limits = { min: -10, max: 10 }
  for (const right of [-10, 0, 10]) assert.equal(wholeNumberFault(right, limits), undefined)
  for (const wrong of [-11, 11, 1.5, Number.NaN, '5', '', null, [5]]) assert.ok(wholeNumberFault(wrong, limits), String(wrong))
})

test('an unknown key is answered with the nearest known one, or with all', () => {
  assert.equal(unknownKeyFault('wieght', ['weight', 'name']).hint, 'did you mean "weight"?')
  assert.equal(unknownKeyFault('colour', ['weight', 'name']).hint, 'known keys are weight, name')
})
