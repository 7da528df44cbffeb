import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { permissionFaults } from './permissions.ts'

const uid = process.getuid!()

test('a file that only its owner may write, in folders that only their owners may write, is safe', (t) => {
  const folder = configurationFolder(t, { 'etc/parameters.ts': '' })
  assert.deepEqual(permissionFaults(join(folder, 'etc/parameters.ts'), uid), [])
})

test('a file or folder that others may write is told, with the command that mends it', (t) => {
  const folder = configurationFolder(t, { 'etc/parameters.ts': '' })
  const [etc, file] = [join(folder, 'etc'), join(folder, 'etc/parameters.ts')]
  chmodSync(etc, 0o777)
  chmodSync(file, 0o664)
  assert.deepEqual(permissionFaults(file, uid), [
    { file: etc, message: 'is writable by everybody (mode 0777)', hint: `chmod go-w ${etc}` },
    { file, message: 'is writable by its group (mode 0664)', hint: `chmod go-w ${file}` },
  ])
})

test('a folder that everybody may write is safe where it is sticky, a file there is not', (t) => {
  const folder = configurationFolder(t, { 'tmp/parameters.ts': '' })
  const file = join(folder, 'tmp/parameters.ts')
  chmodSync(join(folder, 'tmp'), 0o1777)
  assert.deepEqual(permissionFaults(file, uid), [])
  chmodSync(file, 0o1666)
  assert.deepEqual(
    permissionFaults(file, uid).map(({ message }) => message),
    ['is writable by everybody (mode 1666)'],
  )
})

test('folders on both sides of a symbolic link are looked at', (t) => {
  const folder = configurationFolder(t, { 'real/deep/parameters.ts': '', 'links/readme': '' })
  symlinkSync('../real/deep', join(folder, 'links/etc'))
  chmodSync(join(folder, 'real'), 0o775)
  chmodSync(join(folder, 'links'), 0o775)
  assert.deepEqual(
    permissionFaults(join(folder, 'links/etc/parameters.ts'), uid).map(({ file }) => file),
    [join(folder, 'links'), join(folder, 'real')],
  )
})

test('a link that leads to itself ends', (t) => {
  const folder = configurationFolder(t, {})
  symlinkSync('loop', join(folder, 'loop'))
  assert.throws(() => permissionFaults(join(folder, 'loop'), uid), {
    message: `too many symbolic links on the way to ${join(folder, 'loop')}`,
  })
})

test('what belongs to a third user is told', (t) => {
  const folder = configurationFolder(t, { 'etc/parameters.ts': '' })
  mkdirSync(join(folder, 'other'))
  const stranger = 54_321
  const file = join(folder, 'etc/parameters.ts')
  // Only root can give a file away; anybody else is the third user himself when somebody else runs it.
  if (uid === 0) chownSync(file, stranger, 0)
  const owner = uid === 0 ? stranger : uid
  const faults = permissionFaults(file, uid === 0 ? 0 : uid + 1)
  assert.deepEqual(faults.at(-1), {
    file,
    message: `belongs to user ${owner}, who could change what log2table runs`,
    hint: `chown root ${file}`,
  })
})
