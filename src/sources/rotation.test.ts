import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { originalsOf, siblingsOf } from './rotation.ts'

test('the names of rotated files lead back to the log, whatever rotated them', () => {
  for (const name of [
    'authlog.1',
    'authlog.0.gz',
    'authlog-20240131',
    'authlog-20240131.gz',
    'authlog.2024-01-31_235959',
    'authlog.old',
    'authlog.gz',
  ]) {
    assert.ok(originalsOf(name).includes('authlog'), name)
  }
  for (const name of ['access-20240131.log', 'access.2024-01-31.log.gz', 'access_240131.log', 'access.log.1']) {
    assert.ok(originalsOf(name).includes('access.log'), name)
  }
})

test('a log is not rotated from another because its name has a number or an addition', () => {
  assert.deepEqual(originalsOf('access.log'), [])
  assert.ok(!originalsOf('access-2.log').includes('access.log'))
  assert.ok(!originalsOf('authlog.backup').includes('authlog'))
  assert.ok(!originalsOf('authlog2').includes('authlog'))
})

test('siblings come oldest first: numbers by number, others by time; what is just being compressed counts once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-rotation-'))
  try {
    const files = [
      'log',
      'log.0',
      'log.1',
      'log.1.gz',
      'log.10.gz',
      'log.2.gz',
      'log-20240102',
      'log-20240101',
      'log.3.bz2',
      'other.1',
    ]
    for (const [i, name] of files.entries()) {
      writeFileSync(join(folder, name), '')
      utimesSync(join(folder, name), 1_000 + i, 1_000 + i)
    }
    utimesSync(join(folder, 'log-20240101'), 10, 10)
    utimesSync(join(folder, 'log-20240102'), 20, 20)
    const { siblings, unreadable } = siblingsOf(join(folder, 'log'))
    assert.deepEqual(
      siblings.map(({ path }) => basename(path)),
      ['log-20240101', 'log-20240102', 'log.10.gz', 'log.2.gz', 'log.1', 'log.0'],
    )
    assert.deepEqual(
      unreadable.map((path) => basename(path)),
      ['log.3.bz2'],
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a folder that is not there has no siblings', () => {
  assert.deepEqual(siblingsOf('/nowhere/at/all/log').siblings, [])
})

test('of more rotated files than we look at, the newest are looked at', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-rotation-'))
  try {
    for (let n = 1; n < 10_000; n++) writeFileSync(join(folder, `log.${n}`), '')
    for (const day of ['20240101', '20240102']) writeFileSync(join(folder, `log.${day}`), '')
    const names = siblingsOf(join(folder, 'log')).siblings.map(({ path }) => basename(path))
    assert.equal(names.length, 10_000)
    assert.ok(names.includes('log.20240102') && names.includes('log.1') && !names.includes('log.9999'))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
