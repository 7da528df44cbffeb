import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FrameReader } from '../../src/base/frames.ts'
import { silentLog } from '../../src/base/log.ts'
import { readerServer } from '../../src/reader/server.ts'
import { type EngineSays, framed, READER_BYTES_MAX, READER_WIRE_VERSION, type ReaderSays } from '../../src/reader/wire.ts'
import { type Random, randomFrom } from './chaos-random.ts'
import { mutations } from './wire-fuzz.ts'

/** In what the reader must never pass on. */
const SECRET = 'root:$6$secret'
const LINE = 'a line of a log\n'

export interface ReaderFuzzed {
  readonly messages: number
  readonly connections: number
  /** Connections that were cut because of what came. */
  readonly cut: number
  /** Blocks of logs that were passed on. */
  readonly blocks: number
}

/**
 * Says `count` messages to a reader's end of the wire: good ones, good ones with something changed, and no messages at all. Of
 * what comes back nothing may be of a file that is not allowed, whatever leads there.
 */
export async function fuzzReader(count: number, seed: number): Promise<ReaderFuzzed> {
  const random = randomFrom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'log2table-reader-fuzz-'))
  const logs = join(folder, 'logs')
  const paths = furnish(folder, logs)
  const server = readerServer({ allowed: () => ({ paths: [logs], captures: [] }), log: silentLog, now: () => Date.now() })
  const path = join(folder, 'reader.sock')
  const listener = createServer((socket) => server.serve(socket)).listen(path)
  await once(listener, 'listening')
  let [messages, connections, cut, blocks] = [0, 0, 0, 0]
  while (messages < count) {
    const pieces = conversation(random, logs, paths)
    messages += pieces.length
    connections++
    const heard = await converse(connect(path), pieces)
    if (!heard.isAnswered) cut++
    blocks += heard.blocks
  }
  // After all that it still serves whoever asks for what is right.
  const asked = framed({ id: 1, follow: { kind: 'file', path: join(logs, 'app.log') } })
  const { isAnswered, blocks: sent } = await converse(connect(path), [framed({ hello: READER_WIRE_VERSION }), asked])
  assert.deepEqual([isAnswered, sent > 0], [true, true])
  server.close()
  listener.close()
  rmSync(folder, { recursive: true })
  return { messages, connections, cut, blocks }
}

/** Makes a folder of logs, and what lies around it and in it that nobody should get. Gives what may be asked for. */
function furnish(folder: string, logs: string): readonly string[] {
  mkdirSync(join(logs, 'deep'), { recursive: true })
  mkdirSync(join(folder, 'private'))
  const secret = join(folder, 'private', 'shadow')
  writeFileSync(secret, `${SECRET}\n`)
  writeFileSync(`${secret}.1`, `${SECRET}\n`)
  for (const name of ['app.log', 'app.log.1', 'deep/deep.log']) writeFileSync(join(logs, name), LINE)
  symlinkSync(join(logs, 'deep'), join(logs, 'inside'))
  symlinkSync(join(folder, 'private'), join(logs, 'outside'))
  symlinkSync(secret, join(logs, 'link.log'))
  symlinkSync(secret, join(logs, 'app.log.2'))
  linkSync(secret, join(logs, 'hard.log'))
  execFileSync('mkfifo', [join(logs, 'fifo')])
  const within = [
    'app.log',
    'deep/deep.log',
    'inside/deep.log',
    'outside/shadow',
    'link.log',
    'hard.log',
    'fifo',
    'none',
    '.',
    '*',
  ]
  return [
    ...within.map((name) => join(logs, name)),
    ...[
      secret,
      `${logs}/../private/shadow`,
      `${logs}/outside/*`,
      `${folder}/*/*`,
      `${logs}//app.log`,
      '/etc/shadow',
      '/dev/zero',
      '/',
    ],
  ]
}

const LAST = 999_999

/** Says it all, and then asks once more: whether the answer to that came, and how much of logs. */
async function converse(
  socket: Socket,
  pieces: readonly Buffer[],
): Promise<{ readonly isAnswered: boolean; readonly blocks: number }> {
  const frames = new FrameReader(READER_BYTES_MAX)
  let [isAnswered, blocks] = [false, 0]
  socket.on('data', (piece) => {
    for (const { message, bytes } of frames.push(piece)) {
      const says = message as ReaderSays
      assert.ok(!bytes.includes(SECRET) && !JSON.stringify(says).includes(SECRET), 'a secret was passed on')
      if (bytes.length > 0) {
        assert.equal(bytes.toString().replaceAll(LINE, ''), '', 'what was passed on is of a log')
        blocks++
      }
      if ('files' in says) for (const { path } of says.files) assert.match(path, /\/logs\/(?!outside|link)/)
      if ('id' in says && says.id === LAST) isAnswered = true
    }
    // Logs are read when what was said has been heard.
    if (isAnswered) setTimeout(() => socket.end(), 2)
  })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  for (const piece of pieces) socket.write(piece)
  socket.write(framed({ id: LAST, list: '/nowhere/*' }))
  // Where the last piece promised more than it held, nobody answers.
  const hangs = setTimeout(() => socket.destroy(), 200)
  socket.once('end', () => socket.destroy())
  await closed
  clearTimeout(hangs)
  return { isAnswered, blocks }
}

function conversation(random: Random, logs: string, paths: readonly string[]): readonly Buffer[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const chance = (share: number) => random() < share
  const number = (below: number) => Math.floor(random() * below)
  const mark = () => ({
    ...{
      dev: number(100),
      ino: number(100_000),
      offset: number(40),
      isInOverlongLine: chance(0.3),
      head: '',
      headBytes: 0,
      tail: '',
    },
    ...{ size: number(40), changedAt: Date.now() },
  })
  const good: EngineSays[] = [{ hello: READER_WIRE_VERSION }]
  const said: number[] = []
  for (let i = 1 + number(10); i > 0; i--) {
    const id = good.length
    if (said.length === 0 || chance(0.6)) {
      const position = chance(0.3) ? { position: { files: [mark()] } } : {}
      const path = chance(0.5) ? join(logs, 'app.log') : pick(paths)
      good.push({
        id,
        follow: chance(0.9) ? { kind: 'file', path, ...position } : { kind: 'capture', key: pick(['pflog:pflog0', '-w']) },
      })
      said.push(id)
    } else if (chance(0.5)) good.push({ id, list: pick(paths) })
    else good.push(chance(0.9) ? { id: said.pop()!, end: true } : { id: pick(said), taken: true })
  }
  const { changed, broken } = mutations(random)
  return good.map((message) => broken(framed((chance(0.08) ? changed(message) : message) as EngineSays)))
}
