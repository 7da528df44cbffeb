import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ip, pcap, pcapHeader, pcapng, pcapRecord, pfHeader, tcp } from '../../test/lib/pcap-writer.ts'
import type { Json } from '../base/units.ts'
import { CaptureFileSource } from './capture-file.ts'
import type { Block } from './source.ts'

const packet = (port: number) => ({
  at: 1_700_000_000_000 + port,
  bytes: Buffer.concat([
    pfHeader(),
    ip({ source: '203.0.113.9', destination: '192.0.2.25', protocol: 6, payload: tcp({ from: 40_000, to: port }) }),
  ]),
})
const record = (port: number) => pcapRecord(packet(port))
const capture = (...ports: number[]) => pcap(ports.map(packet))

/** A folder with a file that is followed, also through restarts. */
class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'log2table-capture-file-'))
  readonly file = join(this.folder, 'pflog')
  readonly said: string[] = []
  readonly #t: TestContext
  position: Json | undefined
  blocks: Block[] = []
  source!: CaptureFileSource

  constructor(t: TestContext) {
    this.#t = t
    t.after(() => rmSync(this.folder, { recursive: true }))
  }

  open(startAt: 'start' | 'end' = 'start'): void {
    this.source?.close()
    const context = {
      position: this.position,
      onReady: () => {},
      say: (_: string, message: string) => this.said.push(message.replace(this.folder, '')),
      now: () => Date.now(),
    }
    this.source = new CaptureFileSource('pflog:pflog', this.file, context, { startAt, pollMs: 0 })
    this.#t.after(() => this.source.close())
  }

  /** The ports that it gives now. */
  read(): number[] {
    this.blocks = []
    for (let block = this.source.read(); block; block = this.source.read()) {
      this.blocks.push(block)
      this.position = block.position
    }
    return this.blocks.flatMap(({ bytes, packets }) => {
      const ports = [
        ...Buffer.from(bytes)
          .toString()
          .matchAll(/192\.0\.2\.25\.(\d+): /g),
      ].map(([, port]) => Number(port))
      assert.equal(ports.length, packets!.length)
      return ports
    })
  }
}

describe('a capture that is followed', () => {
  it('is read as it grows, each packet once it is whole', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, capture(1, 2))
    scene.open()
    assert.deepEqual(scene.read(), [1, 2])
    assert.equal(scene.blocks[0]!.catchingUp, true)
    assert.equal(scene.blocks[0]!.timeOf!(0), 1_700_000_000_001)
    const next = record(3)
    appendFileSync(scene.file, next.subarray(0, 50))
    assert.deepEqual(scene.read(), [])
    appendFileSync(scene.file, next.subarray(50))
    assert.deepEqual(scene.read(), [3])
    assert.equal(scene.blocks[0]!.catchingUp, false)
  })

  it('is waited for, and all that is then in it is new', (t) => {
    const scene = new Scene(t)
    scene.open('end')
    assert.deepEqual(scene.read(), [])
    assert.deepEqual([scene.source.state.kind, scene.source.state.reason], ['waiting', 'no such file'])
    writeFileSync(scene.file, capture(1))
    assert.deepEqual(scene.read(), [1])
    assert.equal(scene.blocks[0]!.catchingUp, false)
    assert.equal(scene.source.state.kind, 'reading')
  })

  it('may be read from its end on', (t) => {
    const scene = new Scene(t)
    const half = record(3)
    writeFileSync(scene.file, Buffer.concat([capture(1, 2), half.subarray(0, 30)]))
    scene.open('end')
    assert.deepEqual(scene.read(), [])
    appendFileSync(scene.file, half.subarray(30))
    assert.deepEqual(scene.read(), [3])
  })

  it('is read to its end when it was renamed, then its successor once pflogd writes to it', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, capture(1))
    scene.open()
    assert.deepEqual(scene.read(), [1])
    renameSync(scene.file, `${scene.file}.0`)
    // newsyslog makes the new file, and only then tells pflogd.
    writeFileSync(scene.file, '')
    appendFileSync(`${scene.file}.0`, record(2))
    assert.deepEqual(scene.read(), [2])
    appendFileSync(`${scene.file}.0`, record(3))
    writeFileSync(scene.file, capture(4, 5))
    assert.deepEqual(scene.read(), [3, 4, 5])
  })

  it('is read from its start when it was emptied', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, capture(1, 2, 3))
    scene.open()
    scene.read()
    truncateSync(scene.file)
    appendFileSync(scene.file, capture(4))
    assert.deepEqual(scene.read(), [4])
    assert.deepEqual(scene.said, ['pflog:pflog: was emptied; read from its start'])
  })

  for (const [form, write] of Object.entries({ pcap, pcapng })) {
    it(`is read on after a restart where it was left, as ${form}, and none is told twice`, (t) => {
      const scene = new Scene(t)
      const ports = Array.from({ length: 300 }, (_, i) => i)
      const whole = write(ports.map(packet))
      writeFileSync(scene.file, whole.subarray(0, 20_000))
      scene.open()
      const first = scene.read()
      writeFileSync(scene.file, whole, { flag: 'r+' })
      scene.open()
      assert.deepEqual([...first, ...scene.read()], ports)
      assert.deepEqual(scene.source.state.lostBytes, 0)
    })
  }

  it('that was renamed while nobody read is found again', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, capture(1))
    scene.open()
    scene.read()
    scene.source.close()
    appendFileSync(scene.file, record(2))
    renameSync(scene.file, `${scene.file}.0`)
    writeFileSync(scene.file, capture(3))
    scene.open()
    assert.deepEqual(scene.read(), [2, 3])
    assert.deepEqual(scene.said, [])
  })

  it('that is gone when reading begins again is told of', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, capture(1))
    scene.open()
    scene.read()
    scene.source.close()
    renameSync(scene.file, `${scene.file}.0.gz`)
    writeFileSync(scene.file, capture(3))
    scene.open()
    assert.deepEqual(scene.read(), [3])
    assert.match(scene.said[0]!, /the file that was being read is gone/)
  })

  it('that is no capture is said to be none', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, 'Nov 21 10:00:00 gw kernel: this is a log of text\n')
    scene.open()
    assert.deepEqual(scene.read(), [])
    assert.equal(scene.source.state.reason, 'it is no capture')
  })

  it('may be damaged: what can be understood is told, the rest counted', (t) => {
    const scene = new Scene(t)
    writeFileSync(scene.file, Buffer.concat([pcapHeader(), record(1), Buffer.alloc(100, 0xee), record(2), record(3), record(4)]))
    scene.open()
    assert.deepEqual(scene.read(), [1, 2, 3, 4])
    assert.equal(scene.source.state.lostBytes, 100)
    assert.deepEqual(
      scene.blocks.flatMap(({ packets }) => packets!.map(({ isDoubtful }) => isDoubtful)),
      [false, true, true, true],
    )
  })
})
