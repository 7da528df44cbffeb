import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const keys = ['regex', 'weight', 'once', 'distinct', 'set', 'ignore']

test('a mistyped word is taken for the known one with the fewest wrong letters', () => {
  const meant = {
    wieght: 'weight',
    weigth: 'weight',
    regexp: 'regex',
    ignor: 'ignore',
    ONCE: 'once',
    sett: 'set',
    distinctt: 'distinct',
  }
  for (const [typed, known] of Object.entries(meant)) assert.equal(nearest(typed, keys), known, typed)
})

test('a word that is like none is taken for none', () => {
  for (const typed of ['', 'x', 'severity', 'weight-of-the-whole-world']) assert.equal(nearest(typed, keys), undefined, typed)
})
