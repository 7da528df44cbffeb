import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { WAITING, whileLoading } from '../lib/waiting-configuration.ts'

test('a HUP while it starts does not end the daemon, which loads its configuration again when it runs', async (t) => {
  const daemon = new DaemonProcess(t)
  const file = daemon.path('etc/parameters.ts')
  writeFileSync(file, WAITING + readFileSync(file, 'utf8'))
  const started = daemon.start()
  await whileLoading(
    (name) => daemon.path(name),
    () => daemon.hangUp(),
  )
  await started
  await daemon.says(/^the configuration was loaded again /)
  daemon.misbehave('203.0.113.1')
  await daemon.bans('203.0.113.1')
  assert.equal(await daemon.stop(), 0)
})
