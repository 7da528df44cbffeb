import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { printed } from '../cli/session.ts'
import { BAD, DaemonProcess } from '../lib/daemon-process.ts'
import { needs } from '../lib/programs.ts'
import { RUNNING_PROGRAMS } from '../lib/running.ts'

describe('a rule that bans those who log in', { skip: needs(RUNNING_PROGRAMS) }, () => {
  test('is frozen and says so, stays so over a restart, and bans again when it is released', async (t) => {
    const daemon = new DaemonProcess(t)
    const good = String.raw`{ name: 'good', regex: /^good (?<ip>\S+) (?<user>\w+)$/, weight: -100, session: 'opened' }`
    daemon.configure({ logs: { 'app.log': [good, BAD] } })
    await daemon.start()
    const friends = [1, 2, 3].map((n) => `198.51.100.${n}`)
    const log = (...lines: readonly string[]) => appendFileSync(daemon.path('app.log'), lines.map((line) => `${line}\n`).join(''))
    for (const friend of friends) log(`good ${friend} ann`)
    for (const friend of friends) log(...Array.from({ length: 6 }, () => `bad ${friend}`))
    const because = 'within an hour it banned 3 of 3 clients that had logged in lately'
    await daemon.says(/"kind":"refused","address":"198\.51\.100\.3"/)
    assert.deepEqual(
      daemon.decisions.map(({ kind, address }) => `${kind} ${address ?? ''}`),
      ['ban 198.51.100.1', 'ban 198.51.100.2', 'unban 198.51.100.1', 'unban 198.51.100.2', 'notify ', 'refused 198.51.100.3'],
    )
    const { status, troubles } = await daemon.troubles()
    assert.equal(status, exitStatus.no)
    assert.ok(troubles.includes(`rule hackers is frozen: ${because}`), troubles.join('\n'))

    await daemon.stop()
    daemon.misbehave('203.0.113.1')
    await daemon.start()
    await daemon.says(/"kind":"refused","address":"203\.0\.113\.1"/)
    assert.match((await daemon.run('why 203.0.113.1')).stdout, /rule hackers is frozen and only watches: within an hour/)
    assert.deepEqual(await daemon.run('release hackers'), printed('released rule hackers\n'))
    daemon.misbehave('203.0.113.2')
    await daemon.bans('203.0.113.2')
  })
})
