import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DaemonProcess } from '../lib/daemon-process.ts'

test('a daemon that runs is asked how an address stands, and its database what it did', async (t) => {
  const daemon = new DaemonProcess(t)
  daemon.configure({ more: "ignore: ['198.51.100.0/24']," })
  await daemon.start()
  daemon.misbehave('203.0.113.9')
  await daemon.bans('203.0.113.9')
  const { status, stdout, stderr } = await daemon.run('why 203.0.113.9')
  assert.deepEqual([status, stderr], [0, ''])
  // Of today it is an hour and minutes, of tomorrow, as in the last hour of a day, with its date.
  assert.deepEqual(
    stdout.replaceAll(/ until [\dTZ:+-]+/g, ' until THEN').replaceAll(/^\S+ (?=line|ban)/gm, ''),
    [
      '203.0.113.9 is banned in bad_ip for 1h until THEN, hackers 100 points: bad in FOLDER/app.log',
      '',
      'line +50 = 50 hackers: bad in FOLDER/app.log at 0; spent',
      '  | bad 203.0.113.9',
      'line +50 = 100 hackers: bad in FOLDER/app.log at 16, which was enough; spent',
      '  | bad 203.0.113.9',
      'ban in bad_ip for 1h until THEN, hackers 100 points: bad in FOLDER/app.log',
      '',
    ].join('\n'),
  )

  assert.deepEqual(await daemon.run('why 198.51.100.9'), {
    status: 1,
    stdout: '198.51.100.9 is not banned\n  it must not be banned: on the ignore list (198.51.100.0/24)\n',
    stderr: '',
  })
  await daemon.stop()
  const past = await daemon.run(`why 203.0.113.9 --state ${daemon.path('state')}`)
  assert.match(past.stdout, /^203\.0\.113\.9 is banned in bad_ip .*\n {2}no daemon answers/)
})
