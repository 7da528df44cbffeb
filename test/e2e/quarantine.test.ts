import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { printed } from '../cli/session.ts'
import { BAD, DaemonProcess } from '../lib/daemon-process.ts'
import { needs } from '../lib/programs.ts'
import { RUNNING_PROGRAMS } from '../lib/running.ts'

/** A line on which the pattern `trap` would run for years. */
const hostile = `${'x'.repeat(60)}!xy\n`

describe('a pattern that a line makes hang', { skip: needs(RUNNING_PROGRAMS) }, () => {
  test('is stopped and named, the others go on, also after a restart, and it works again when it is released', async (t) => {
    const daemon = new DaemonProcess(t)
    const trap = String.raw`{ name: 'trap', regex: /^(?=x)(?:x+x+)+y(?<ip>\S+)$/, weight: 50 }`
    daemon.configure({ logs: { 'app.log': [BAD, trap], 'other.log': [trap] } })
    await daemon.start()
    appendFileSync(daemon.path('app.log'), hostile)
    daemon.misbehave('203.0.113.1')
    await daemon.bans('203.0.113.1')

    const next = 'write its regex anew, or try it again with "log2table release trap"'
    const warning = `warning: pattern trap is quarantined, as it ran out of time on 63 bytes of a line: ${next}`
    await daemon.says(/pattern trap is quarantined/)
    const { status, troubles } = await daemon.troubles()
    assert.equal(status, exitStatus.no)
    const trouble =
      'pattern trap is quarantined: it ran out of time on 63 bytes of a line; "log2table release trap" tries it again'
    assert.ok(troubles.includes(trouble), troubles.join('\n'))

    // In another log it is looked for still, until it hangs there too; that is told once only.
    appendFileSync(daemon.path('other.log'), 'xxy203.0.113.2\nxxy203.0.113.2\n')
    await daemon.bans('203.0.113.2')
    appendFileSync(daemon.path('other.log'), hostile)
    appendFileSync(daemon.path('app.log'), hostile)
    daemon.misbehave('203.0.113.3')
    await daemon.bans('203.0.113.3')
    assert.deepEqual(
      daemon.said.filter((line) => line.includes('trap')),
      [warning],
    )

    // A restart does not let the same lines hang it again, and says so.
    await daemon.stop()
    await daemon.start()
    assert.deepEqual(
      daemon.said.filter((line) => line.includes('trap')),
      [warning],
    )
    appendFileSync(daemon.path('app.log'), 'xxy203.0.113.4\nxxy203.0.113.4\n')
    daemon.misbehave('203.0.113.5')
    await daemon.bans('203.0.113.5')
    assert.deepEqual(await daemon.banned(), ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.5'])

    assert.deepEqual(await daemon.run('release trap'), printed('released pattern trap\n'))
    assert.equal((await daemon.run('release trap')).status, exitStatus.no)
    appendFileSync(daemon.path('app.log'), 'xxy203.0.113.4\nxxy203.0.113.4\n')
    await daemon.bans('203.0.113.4')
    assert.deepEqual(
      (await daemon.troubles()).troubles.filter((trouble) => trouble.includes('trap')),
      [],
    )
  })
})
