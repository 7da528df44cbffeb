import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { logTo } from '../../src/base/log.ts'
import { timers } from '../../src/daemon/timers.ts'
import { dialectOf } from '../../src/firewall/index.ts'
import { createKeeper } from '../../src/firewall/keeper.ts'
import { keeperServer } from '../../src/firewall/keeper-server.ts'
import { alwaysProtected } from '../../src/firewall/protected.ts'
import type { Request } from '../../src/firewall/request.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { waitFor } from '../lib/wait-for.ts'

const silent = logTo(() => {})

/** A keeper of a dry run, and what engines have told it of who is logged in, and when that was all. */
async function keeperThatListens(t: TestContext, path: string): Promise<Request[]> {
  const told: Request[] = []
  const server = keeperServer({
    createKeeper() {
      const keeper = createKeeper({
        ...{ dialectOf, timers, log: silent, now: Date.now },
        run: async () => assert.fail('a dry run ran something'),
        readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
      })
      const handle = (request: Request) => {
        if (request.kind === 'loggedIn' || request.kind === 'begin') told.push(request)
        return keeper.handle(request)
      }
      return { ...keeper, handle }
    },
    ...{ log: silent, timers, now: Date.now },
  })
  const listener = createServer((socket) => server.serve(socket)).listen(path)
  t.after(async () => {
    listener.close()
    await server.close()
  })
  await once(listener, 'listening')
  return told
}

/** Who comes by a door, and goes. */
const DOOR = `...patternSet({ name: 'door', prefix: /^doord\\[(?<session>\\d+)\\]: / }, [
    { name: 'came', regex: /^(?<ip>\\S+) came$/, weight: 0, session: 'opened' },
    { name: 'left', regex: /^(?<ip>\\S+) left$/, weight: 0, session: 'closed' },
  ])`

test('the keeper is told who logs in and who leaves, and all who are there when it is new to them', async (t) => {
  const daemon = new DaemonProcess(t)
  const told = await keeperThatListens(t, daemon.path('keeper.sock'))
  const came = (...sources: readonly string[]) => ({ kind: 'loggedIn', came: sources, left: [] })
  const toldIs = async (...expected: readonly object[]) => {
    await waitFor(
      () => `told is ${JSON.stringify(told)}`,
      1_000,
      () => told.length >= expected.length,
    )
    assert.deepEqual(told.splice(0, expected.length), expected)
  }
  const write = (...lines: readonly string[]) => appendFileSync(daemon.path('app.log'), lines.map((line) => `${line}\n`).join(''))
  daemon.configure({ imports: ['patternSet'], logs: { 'app.log': [DOOR] } })
  await daemon.start('--keeper', daemon.path('keeper.sock'))
  await toldIs({ kind: 'begin' })
  write('doord[1]: 192.0.2.1 came')
  await toldIs(came('192.0.2.1'))
  write('doord[2]: 192.0.2.2 came')
  await toldIs(came('192.0.2.2'))
  write('doord[3]: 192.0.2.2 came', 'doord[4]: 2001:db8::4 came')
  await toldIs(came('2001:db8::/64'))
  write('doord[1]: 192.0.2.1 left')
  await toldIs({ kind: 'loggedIn', came: [], left: ['192.0.2.1'] })
  await daemon.kill()
  await daemon.start('--keeper', daemon.path('keeper.sock'))
  await toldIs(came('192.0.2.2', '2001:db8::/64'), { kind: 'begin' })
})
