import { describe, test } from 'node:test'
import { nobodyIsLockedOut, noLockOut } from '../lib/lock-out.ts'

const LINES = 50_000

describe('whoever must not be locked out', { skip: noLockOut() }, () => {
  test('is never banned, however many hostile lines name him and whoever asks for it; attackers are', (t) =>
    nobodyIsLockedOut(t, LINES))
})
