import assert from 'node:assert/strict'
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../../test/lib/configuration-folder.ts'
import { filesInTheWay, writeFiles } from './writing.ts'

test('where one of the files cannot be written, none is', (t) => {
  const folder = configurationFolder(t, { 'mine.ts': '' })
  const files = [
    { name: 'parameters.ts', text: '' },
    { name: 'missing/rules.ts', text: '' },
  ]
  assert.throws(() => writeFiles(folder, files), /^Error: nothing was written: ENOENT/)
  assert.deepEqual(readdirSync(folder), ['mine.ts'])
  const again = [files[0]!, { name: 'mine.ts', text: 'theirs' }]
  assert.throws(() => writeFiles(folder, again), /^Error: nothing was written: EEXIST/)
  assert.deepEqual(readdirSync(folder), ['mine.ts'])
})

test('a link that leads nowhere is in the way as a file is', (t) => {
  const folder = configurationFolder(t, {})
  symlinkSync('/nowhere', join(folder, 'rules.ts'))
  assert.deepEqual(filesInTheWay(folder), [join(folder, 'rules.ts')])
})
