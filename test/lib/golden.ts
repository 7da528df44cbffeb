import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Compares a text with the file of that name in `test/fixtures`; with GOLDEN=write in the environment it is written instead. */
export function assertGolden(text: string, name: string): void {
  const file = resolve(import.meta.dirname, '../fixtures', name)
  if (process.env.GOLDEN === 'write') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  assert.equal(text, readFileSync(file, 'utf8'))
}
