import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext as Test, test } from 'node:test'
import { waitFor } from '../../test/lib/wait-for.ts'
import { Reading, testContext } from '../../test/support/reading.ts'
import { LINE_BYTES_MAX } from './source.ts'
import { SyslogSource } from './syslog.ts'
import { parseSyslogAddress, syslogFault } from './syslog-address.ts'
import { CONNECTIONS_MAX, StreamReceiver } from './syslog-stream.ts'

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function open(t: Test, rest: string, position?: number) {
  const context = testContext(position)
  const source = new SyslogSource(`syslog:${rest}`, parseSyslogAddress(rest)!, context)
  t.after(() => source.close())
  const reading = new Reading(source)
  const lines = async (count: number, withinMs = 5_000) => {
    await waitFor(`${count} lines`, withinMs, () => {
      reading.now()
      return reading.lines.length >= count
    })
    return reading.lines
  }
  await waitFor('it listens or cannot', 5_000, () => source.state.reason !== 'about to listen')
  return { context, source, reading, lines }
}

async function openTcp(t: Test) {
  const port = await freePort()
  const opened = await open(t, `tcp://127.0.0.1:${port}`)
  const client = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { ...opened, client }
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-syslog-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const message = (text: string) => `<38>Nov 21 10:00:00 www sshd[1]: ${text}`
const line = (text: string) => `Nov 21 10:00:00 www sshd[1]: ${text}`

describe('syslog over UDP', () => {
  test('each datagram is a line, counted by its arrival', async (t) => {
    const port = await freePort()
    const { context, reading, lines } = await open(t, `udp://127.0.0.1:${port}`, 1_000)
    const sender = createSocket('udp4')
    t.after(() => sender.close())
    for (const text of [message('one'), `${message('two')}\n`, '', '<13>hello']) sender.send(text, port, '127.0.0.1')
    const arrival = new Date(context.clockAt).toISOString()
    assert.deepEqual(await lines(3), [line('one'), line('two'), `${arrival} 127.0.0.1 hello`])
    assert.ok(reading.blocks.every(({ catchingUp }) => !catchingUp))
    assert.equal(reading.blocks[0]!.offset, 1_000)
    assert.equal(reading.position, 1_000 + lines.length + reading.lines.join('\n').length)
  })

  test('one over the cap is counted; while nobody reads, what there is no room for is counted and told', async (t) => {
    const port = await freePort()
    const { context, source, lines } = await open(t, `udp://127.0.0.1:${port}`)
    const sender = createSocket('udp4')
    t.after(() => sender.close())
    sender.send(message('x'.repeat(2 * LINE_BYTES_MAX)), port, '127.0.0.1')
    const long = message('x'.repeat(16_000))
    let sent = 0
    // Not so fast that the kernel has no room.
    for (; source.state.lostLines === 0; sent++) {
      await new Promise((done) => sender.send(long, port, '127.0.0.1', done))
      await new Promise(setImmediate)
      assert.ok(sent < 20_000)
    }
    assert.ok(sent > 500)
    assert.ok(source.state.behindBytes <= 8 * 1024 * 1024)
    assert.equal(source.state.overlongLines, 1)
    assert.match(context.said[0]!, /messages come faster than they can be read; 1 have been let go so far$/)
    await lines(Math.floor(source.state.behindBytes / (long.length + 200)))
    assert.equal(source.state.behindBytes, 0)
  })

  test('an address in use is told, waited for, and then listened on', async (t) => {
    const other = createSocket('udp4').bind({ port: 0, address: '127.0.0.1', exclusive: true })
    await once(other, 'listening')
    const { port } = other.address()
    const { context, source, lines } = await open(t, `udp://127.0.0.1:${port}`)
    assert.deepEqual(source.state.kind, 'waiting')
    assert.equal(source.state.reason, 'address already in use')
    other.close()
    await waitFor('it listens', 5_000, () => source.state.kind === 'reading')
    const sender = createSocket('udp4')
    t.after(() => sender.close())
    sender.send(message('one'), port, '127.0.0.1')
    assert.deepEqual(await lines(1), [line('one')])
    const log = `syslog:udp://127.0.0.1:${port}`
    assert.deepEqual(context.said, [
      `warning: ${log}: cannot listen: address already in use; trying again`,
      `info: ${log}: listening again`,
    ])
  })
})

describe('syslog over TCP', () => {
  test('messages of both framings, from several connections, each in its order', async (t) => {
    const { lines, client } = await openTcp(t)
    const [a, b] = [await client(), await client()]
    const counted = (text: string) => `${message(text).length} ${message(text)}`
    a.write(`${counted('a 1')}${message('a 2')}\n${counted('a 3').slice(0, 9)}`)
    b.write(`${message('b 1')}\n${message('b 2')}`)
    await lines(3)
    a.write(counted('a 3').slice(9))
    b.write('\n')
    const all = await lines(5)
    assert.deepEqual(
      all.filter((text) => text.includes(' a ')),
      [line('a 1'), line('a 2'), line('a 3')],
    )
    assert.deepEqual(
      all.filter((text) => text.includes(' b ')),
      [line('b 1'), line('b 2')],
    )
  })

  test('what is no syslog is refused; what came before it counts, and other connections go on', async (t) => {
    const { context, source, lines, client } = await openTcp(t)
    const [bad, good] = [await client(), await client()]
    bad.write(`${message('one')}\nGET / HTTP/1.0\r\n`)
    await lines(1)
    await once(bad, 'close')
    good.write(`${message('two')}\n`)
    assert.deepEqual(await lines(2), [line('one'), line('two')])
    assert.match(
      context.said.join(),
      /the connection of 127\.0\.0\.1 was closed: a message begins neither with its length nor with <$/,
    )
    assert.ok(source.state.lostBytes >= 16)
  })

  test('a message without its end never counts, and is counted as lost', async (t) => {
    const { source, lines, client } = await openTcp(t)
    const socket = await client()
    socket.end(`${message('whole')}\n${message('cut')}`)
    assert.deepEqual(await lines(1), [line('whole')])
    await waitFor('it is counted', 5_000, () => source.read() === undefined && source.state.lostBytes === message('cut').length)
    assert.deepEqual(await lines(1), [line('whole')])
  })

  test('while nobody reads, the sender has to wait, and nothing is lost', async (t) => {
    const { source, lines, client } = await openTcp(t)
    const socket = await client()
    const count = 200_000
    const numbers = Array.from({ length: count }, (_, index) => message(String(index)))
    let isSent = false
    socket.end(`${numbers.join('\n')}\n`, () => {
      isSent = true
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.ok(!isSent)
    assert.ok(source.state.behindBytes <= 2 * 64 * 1024, String(source.state.behindBytes))
    const all = await lines(count, 60_000)
    assert.ok(all.every((text, index) => text === line(String(index))))
  })

  test('no more connections than the limit', async (t) => {
    const { context, client } = await openTcp(t)
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS_MAX + 1 }, client))
    await waitFor('one is refused', 5_000, () => sockets.some(({ destroyed }) => destroyed))
    assert.equal(sockets.filter(({ destroyed }) => destroyed).length, 1)
    assert.match(context.said.join(), /256 connections are open; another one was refused$/)
  })

  test('a connection that says nothing, or does not end a message, is closed; one that has spoken has longer', async (t) => {
    const port = await freePort()
    const context = testContext()
    const limits = { messageMsMax: 100, idleMsMax: 400 }
    const receiver = new StreamReceiver('syslog:x', { kind: 'tcp', host: '127.0.0.1', port }, context, limits)
    t.after(() => receiver.close())
    await waitFor('it listens', 5_000, () => receiver.waitingFor === undefined)
    const closedAfter = async (begin: string, more: string) => {
      const socket = connect(port, '127.0.0.1')
      const began = performance.now()
      socket.write(begin)
      const writing = setInterval(() => socket.write(more), 20)
      const reading = setInterval(() => receiver.take(), 5)
      await once(socket.on('error', () => {}).resume(), 'close')
      clearInterval(writing)
      clearInterval(reading)
      return performance.now() - began
    }
    const [silent, endless, spoken] = await Promise.all([
      closedAfter('', ''),
      closedAfter('<13>', 'x'),
      closedAfter(`${message('one')}\n`, ''),
    ])
    assert.ok(silent >= 99 && silent < 390, String(silent))
    assert.ok(endless >= 99 && endless < 390, String(endless))
    assert.ok(spoken >= 399, String(spoken))
    assert.equal(context.said.length, 3)
  })
})

describe('syslog over a Unix socket', () => {
  test('is for the owner and the group, ends messages by NUL too, and is gone at the end', async (t) => {
    const path = join(folderOf(t), 'socket')
    const { source, lines } = await open(t, `unix://${path}`)
    assert.equal(statSync(path).mode & 0o777, 0o660)
    const socket = connect(path)
    socket.end('<38>Nov 21 10:00:00 sshd[1]: a\0<38>Nov 21 10:00:00 sshd[1]: b\n<38>Nov 21 10:00:00 sshd[1]: c\0')
    assert.deepEqual(await lines(2), [
      'Nov 21 10:00:00 localhost sshd[1]: a',
      'Nov 21 10:00:00 localhost sshd[1]: b#012<38>Nov 21 10:00:00 sshd[1]: c',
    ])
    source.close()
    await waitFor('it is gone', 5_000, () => !existsSync(path))
  })

  test('takes the place of a socket that nobody listens on, and not of one that is listened on', async (t) => {
    const folder = folderOf(t)
    const path = join(folder, 'socket')
    const first = await open(t, `unix://${path}`)
    const second = await open(t, `unix://${path}`)
    assert.equal(second.source.state.reason, 'address already in use')
    first.source.close()
    await waitFor('it listens', 5_000, () => second.source.state.kind === 'reading')
  })

  test('where it cannot be made, it is tried again', async (t) => {
    const folder = folderOf(t)
    const { source, context } = await open(t, `unix://${folder}/none/socket`)
    assert.equal(source.state.kind, 'waiting')
    mkdirSync(join(folder, 'none'))
    await waitFor('it listens', 5_000, () => source.state.kind === 'reading')
    assert.match(context.said.join('\n'), /^warning: .* cannot listen: .*; trying again\ninfo: .* listening again$/)
  })
})

test('an address is strict: no names, no missing ports', () => {
  for (const rest of ['udp://127.0.0.1:5514', 'tcp://[::1]:5514', 'udp://[::]:514', 'unix:///run/x.sock'])
    assert.equal(syslogFault(rest), undefined, rest)
  const bad = [
    '',
    'udp',
    'udp://localhost:514',
    'udp://127.1:514',
    'tcp://::1:514',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:0',
    'tcp://127.0.0.1:65536',
  ]
  for (const rest of [
    ...bad,
    'tls://127.0.0.1:6514',
    'unix://run/x',
    'unix:///run/',
    `unix:///${'x'.repeat(110)}`,
    'udp://[127.0.0.1]:1',
  ])
    assert.match(syslogFault(rest)!, /^write "syslog:udp/, rest)
})
