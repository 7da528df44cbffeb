import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { waitFor } from '../../test/lib/wait-for.ts'
import { FrameReader } from '../base/frames.ts'
import { logTo, silentLog } from '../base/log.ts'
import type { Json } from '../base/units.ts'
import { FileByReader } from '../sources/file-by-reader.ts'
import type { ListedFile, ReaderLink } from '../sources/reader-link.ts'
import { readerClient } from './client.ts'
import { readerServer } from './server.ts'
import { AHEAD_MAX, framed, READER_BYTES_MAX, type ReaderSays } from './wire.ts'

/** A reader on a socket, and who asks it. */
class Scene {
  readonly folder: string
  readonly log: string
  readonly link: ReaderLink
  readonly said: string[] = []
  #listener: Server | undefined
  #server: ReturnType<typeof readerServer> | undefined

  constructor(t: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'log2table-reader-'))
    mkdirSync(join(this.folder, 'logs'))
    this.log = join(this.folder, 'logs/app.log')
    this.link = readerClient({ path: this.socket, log: logTo((line) => this.said.push(line)) })
    t.after(async () => {
      this.link.close()
      await this.die()
      rmSync(this.folder, { recursive: true })
    })
  }

  get socket(): string {
    return join(this.folder, 'reader.sock')
  }

  async start(paths = [join(this.folder, 'logs')]): Promise<void> {
    const server = readerServer({ allowed: () => ({ paths, captures: [] }), log: silentLog, now: Date.now })
    this.#server = server
    this.#listener = createServer((socket) => server.serve(socket)).listen(this.socket)
    await once(this.#listener, 'listening')
  }

  async die(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    if (!listener?.listening) return
    listener.close()
    this.#server?.close()
    await once(listener, 'close')
  }

  follow(t: TestContext, position?: Json): Follower {
    return new Follower(t, this, position)
  }
}

/** Reads a log by the reader, in its own time. */
class Follower {
  readonly source: FileByReader
  text = ''
  position: Json | undefined

  constructor(t: TestContext, { log, link, said }: Scene, position: Json | undefined) {
    this.position = position
    this.source = new FileByReader(
      log,
      { position, onReady() {}, say: (_level, message) => said.push(message), now: Date.now },
      { reader: link, onAnswer() {} },
    )
    t.after(() => this.source.close())
  }

  read(): boolean {
    const block = this.source.read()
    if (!block) return false
    this.text += Buffer.from(block.bytes).toString()
    this.position = block.position
    return true
  }

  async has(text: string): Promise<void> {
    await waitFor(
      () => `${text.length} bytes are read, and not ${this.text.length}`,
      10_000,
      () => {
        while (this.read());
        return this.text.length >= text.length
      },
    )
    assert.equal(this.text, text)
  }
}

test('what is in a log and what is written to it comes, through rotation, each once', async (t) => {
  const scene = new Scene(t)
  writeFileSync(scene.log, 'one\n')
  await scene.start()
  const follower = scene.follow(t)
  await follower.has('one\n')
  appendFileSync(scene.log, 'two\n')
  await follower.has('one\ntwo\n')
  renameSync(scene.log, `${scene.log}.1`)
  appendFileSync(`${scene.log}.1`, 'three\n')
  writeFileSync(scene.log, 'four\n')
  await follower.has('one\ntwo\nthree\nfour\n')
  const again = scene.follow(t, follower.position)
  appendFileSync(scene.log, 'five\n')
  await again.has('five\n')
})

test('when the reader dies, what was sent and not taken comes again from the next one, and nothing twice', async (t) => {
  const scene = new Scene(t)
  const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`)
  writeFileSync(scene.log, lines.join(''))
  const follower = scene.follow(t)
  assert.equal(follower.source.isCatchingUp, true, 'it may just be started')
  await waitFor('it is missed', 5_000, () => follower.source.state.reason?.includes('there is no ') ?? false)
  for (let death = 0; death < 5; death++) {
    await scene.start()
    await waitFor('a block', 10_000, () => follower.read())
    await scene.die()
    await waitFor('it is missed', 5_000, () => /^the reader cannot be reached: /.test(follower.source.state.reason ?? ''))
    assert.equal(follower.read(), false, 'what lay here is dropped')
  }
  await scene.start()
  await follower.has(lines.join(''))
  await waitFor('all is told', 5_000, () => follower.source.state.behindBytes === 0 && !follower.source.isCatchingUp)
  assert.deepEqual(follower.source.state.kind, 'reading')
})

test('of a log that is not taken no more than a few blocks are sent ahead', async (t) => {
  const scene = new Scene(t)
  writeFileSync(scene.log, 'x'.repeat(999).concat('\n').repeat(10_000))
  await scene.start()
  const follower = scene.follow(t)
  const other = scene.follow(t)
  await other.has('x'.repeat(999).concat('\n').repeat(10_000))
  const { behindBytes } = follower.source.state
  let blocks = 0
  while (follower.read()) blocks++
  assert.equal(blocks, AHEAD_MAX)
  assert.ok(follower.text.length < AHEAD_MAX * 81 * 1024 && behindBytes <= 10_000_000, `${follower.text.length}, ${behindBytes}`)
})

test('a log that is not allowed is refused, with what to do; one that is missing is waited for', async (t) => {
  const scene = new Scene(t)
  writeFileSync(scene.log, 'one\n')
  await scene.start(['/var/log'])
  const refused = scene.follow(t)
  await waitFor('it is refused', 5_000, () => refused.source.isRefused)
  assert.deepEqual(
    refused.source.state.reason,
    `the reader may read /var/log; add "${scene.folder}/logs" to "logs" of commands.json`,
  )
  assert.equal(refused.source.isCatchingUp, false)
  refused.source.close()

  rmSync(scene.log)
  await scene.die()
  await scene.start()
  const follower = scene.follow(t)
  await waitFor('it is waited for', 5_000, () => follower.source.state.reason === 'no such file')
  writeFileSync(scene.log, 'two\n')
  await follower.has('two\n')
})

test('the files of a glob are listed, but for those that links lead out to', async (t) => {
  const scene = new Scene(t)
  await scene.start()
  const pattern = join(scene.folder, '*', '*.log')
  const within = join(scene.folder, 'logs', '*.log')
  writeFileSync(scene.log, '')
  symlinkSync('/etc/hostname', join(scene.folder, 'logs/out.log'))
  let found: readonly ListedFile[] = []
  const look = (of: string) => {
    found = scene.link.files(of, () => {})
    return found.length > 0
  }
  await waitFor('it is found', 5_000, () => look(within))
  assert.deepEqual(
    found.map(({ path, isLink }) => [path, isLink]),
    [[scene.log, false]],
  )
  assert.equal(look(pattern), false)
})

test('an engine of another version is told so, and cut off', async (t) => {
  const scene = new Scene(t)
  await scene.start()
  const socket = connect(scene.socket)
  socket.write(framed({ hello: 99 }))
  const frames = new FrameReader(READER_BYTES_MAX)
  const said: ReaderSays[] = []
  socket.on('data', (piece) => said.push(...frames.push(piece).map(({ message }) => message as ReaderSays)))
  await once(socket, 'close')
  assert.deepEqual(said, [{ fault: 'engine and reader are of different versions (99, 1); restart both' }])
})
