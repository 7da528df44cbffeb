import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { needs, program } from '../lib/programs.ts'
import { Running } from '../lib/running.ts'
import { waitFor } from '../lib/wait-for.ts'

/** What systemd does with its socket: Node has none of that kind. */
const LISTENER = `
import socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
print('listening', flush=True)
while True:
    print(listening.recv(4096).decode().replace('\\n', ' '), flush=True)
`

test('systemd is told by its own systemd-notify when all has begun, that there is progress, and that we end', {
  skip: needs(['python3', 'systemd-notify']),
}, async (t) => {
  const daemon: DaemonProcess = new DaemonProcess(t, {
    around: (argv) => ['/usr/bin/env', `NOTIFY_SOCKET=${daemon.path('notify')}`, 'WATCHDOG_USEC=1000000', ...argv],
  })
  daemon.provide('systemd-notify', `PATH=/usr/bin:/bin exec ${program('systemd-notify')} "$@"`)
  const listener = new Running([program('python3'), '-c', LISTENER, daemon.path('notify')])
  t.after(() => listener.end(0))
  await listener.line(/^listening$/, { withinMs: 20_000 })
  const told = () => listener.lines.map(({ text }) => text).filter((text) => /^(?:READY|WATCHDOG|STOPPING)=1/.test(text))
  daemon.misbehave('203.0.113.1')
  await daemon.start()
  await waitFor('it beats', 20_000, () => told().at(-1)?.includes('no such file') === true)
  assert.equal(told()[0], 'READY=1')
  assert.match(told().join('\n'), /^WATCHDOG=1 STATUS=log \S+other\.log is not read: no such file$/m)
  assert.equal(await daemon.stop(), 0)
  await waitFor('it says that it ends', 20_000, () => told().at(-1) === 'STOPPING=1')
  assert.deepEqual(
    daemon.said.filter((line) => line.startsWith('warning')),
    [],
  )
})
