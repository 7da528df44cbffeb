import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userOf } from './user.ts'

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# a comment
_log2table:*:601:602:log2table:/var/empty:/sbin/nologin
broken:x::
`

test('a user is known by name, or by numbers', () => {
  assert.deepEqual(userOf('_log2table', PASSWD), { name: '_log2table', uid: 601, gid: 602 })
  assert.deepEqual(userOf('65533', PASSWD), { name: undefined, uid: 65_533, gid: 65_533 })
  assert.deepEqual(userOf('65533:65530', PASSWD), { name: undefined, uid: 65_533, gid: 65_530 })
})

test('one who is not there is told how to be added', () => {
  for (const name of ['log2table', 'broken', '', 'root:x']) {
    assert.throws(
      () => userOf(name, PASSWD),
      /^Error: there is no user ".*", and configuration is code, which is not run as root; add it/,
    )
  }
})
