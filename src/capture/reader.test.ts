import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ip, PFLOG, pcap, pcapHeader, pcapng, pcapRecord, pfHeader, RAW, tcp } from '../../test/lib/pcap-writer.ts'
import type { CaptureRecord } from './format.ts'
import { CaptureReader } from './reader.ts'

const packet = (port: number, data = 0) =>
  ip({
    source: '203.0.113.9',
    destination: '192.0.2.25',
    protocol: 6,
    payload: tcp({ from: 40_000, to: port, data: Buffer.alloc(data) }),
  })
const at = Date.parse('2026-11-21T10:00:00Z')
const captured = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ at: at + i * 1000 + 0.25, bytes: Buffer.concat([pfHeader(), packet(i)]) }))

function readAll(...pieces: readonly Buffer[]) {
  const reader = new CaptureReader()
  const records: CaptureRecord[] = []
  for (const piece of pieces) reader.take(piece, (record) => records.push({ ...record, bytes: Buffer.from(record.bytes) }))
  return { reader, records, counts: reader.counts }
}

const none = { bad: 0, skippedBytes: 0, resyncs: 0 }

describe('a capture', () => {
  for (const isBigEndian of [false, true]) {
    for (const hasNanoseconds of [false, true]) {
      const options = { isBigEndian, hasNanoseconds, linkType: PFLOG }
      const forms: Record<string, Buffer> = {
        pcap: pcap(captured(3), options),
        'pcapng with enhanced packets': pcapng(captured(3), options),
        'pcapng with the packets of old': pcapng(captured(3), options, 'old'),
      }
      for (const [form, capture] of Object.entries(forms)) {
        it(`is read as ${form}, ${isBigEndian ? 'big' : 'little'}-endian, in ${hasNanoseconds ? 'nano' : 'micro'}seconds`, () => {
          const { records, counts } = readAll(capture)
          const expected = captured(3).map(({ at, bytes }) => ({ at, bytes }))
          assert.deepEqual(
            records.map(({ at, bytes }) => ({ at: Math.round(at * 1000) / 1000, bytes })),
            expected,
          )
          assert.ok(
            records.every(
              ({ linkType, isDoubtful, length, bytes }) => linkType === PFLOG && !isDoubtful && length === bytes.length,
            ),
          )
          assert.deepEqual(counts, { records: 3, ...none })
        })
      }
    }
  }

  it('may hold simple packets, which have no time', () => {
    const { records } = readAll(pcapng(captured(2), { linkType: RAW }, 'simple'))
    assert.deepEqual(
      records.map(({ at, linkType, bytes }) => ({ at, linkType, bytes })),
      captured(2).map(({ bytes }) => ({ at: 0, linkType: RAW, bytes })),
    )
  })

  it('may come in pieces of any length', () => {
    for (const capture of [pcap(captured(5)), pcapng(captured(5))]) {
      const whole = readAll(capture)
      for (const size of [1, 2, 7, 30, 131]) {
        const pieces = Array.from({ length: Math.ceil(capture.length / size) }, (_, i) =>
          capture.subarray(i * size, (i + 1) * size),
        )
        const inPieces = readAll(...pieces)
        assert.deepEqual(inPieces.records, whole.records)
        assert.deepEqual(inPieces.counts, whole.counts)
      }
    }
  })

  it('says how long a packet was that was not kept whole', () => {
    const bytes = captured(1)[0]!.bytes.subarray(0, 70)
    const { records } = readAll(pcap([{ at, bytes, length: 1500 }]))
    assert.deepEqual([records[0]!.bytes.length, records[0]!.length], [70, 1500])
  })

  it('goes on after a record that claims to hold more than there was', () => {
    const [one, two] = captured(2)
    const { records, counts } = readAll(pcap([{ ...one!, length: 20 }, two!]))
    assert.deepEqual([records.length, counts], [1, { records: 1, ...none, bad: 1 }])
  })

  it('is read on where records begin again after damage, and is doubtful from there', () => {
    const parts = captured(9).map((one) => pcapRecord(one))
    const damage = Buffer.alloc(333, 0xee)
    for (const capture of [
      Buffer.concat([pcapHeader(), ...parts.slice(0, 3), damage, ...parts.slice(3)]),
      // A record of which the second half was never written.
      Buffer.concat([pcapHeader(), ...parts.slice(0, 3), parts[3]!.subarray(0, 40), damage, ...parts.slice(3)]),
    ]) {
      const { records, counts } = readAll(capture)
      const ports = records.filter(({ isDoubtful }) => isDoubtful).map(({ bytes }) => bytes.readUInt16BE(64 + 22))
      assert.deepEqual(ports.slice(-6), [3, 4, 5, 6, 7, 8].slice(-ports.length))
      assert.ok(ports.length >= 5)
      assert.equal(records[2]!.isDoubtful, false)
      assert.equal(counts.resyncs, 1)
      assert.ok(counts.skippedBytes > 0)
    }
  })

  it('does not believe a lone record in the damage, as a packet may carry one', () => {
    const parts = captured(6).map((one) => pcapRecord(one))
    const forged = pcapRecord({ at, bytes: Buffer.concat([pfHeader(), packet(6666)]) })
    const capture = Buffer.concat([
      pcapHeader(),
      parts[0]!,
      Buffer.alloc(50, 0xee),
      forged,
      Buffer.alloc(50, 0xee),
      ...parts.slice(1),
    ])
    const ports = readAll(capture).records.map(({ bytes }) => bytes.readUInt16BE(64 + 22))
    assert.deepEqual(ports, [0, 1, 2, 3, 4, 5])
  })

  it('holds no block of a pcapng whose two lengths differ', () => {
    const capture = pcapng(captured(1))
    capture.writeUInt32LE(8, capture.length - 4)
    const { records, counts } = readAll(capture)
    assert.equal(records.length, 0)
    assert.ok(counts.skippedBytes > 0)
  })

  it('finds its way in a damaged pcapng too', () => {
    const capture = pcapng(captured(9))
    capture.writeUInt32LE(3, capture.length - 9 * 136 + 4)
    const { records, counts } = readAll(capture)
    assert.ok(records.length >= 7)
    assert.equal(counts.resyncs, 1)
    assert.ok(records.at(-1)!.isDoubtful)
  })

  it('that is none is not read, and its bytes are counted', () => {
    for (const text of ['Nov 21 10:00:00 gw kernel: this is a text log and no capture\n', 'x'.repeat(1000)]) {
      const { reader, counts } = readAll(Buffer.from(text.slice(0, 30)), Buffer.from(text.slice(30)))
      assert.equal(reader.isNoCapture, true)
      assert.deepEqual(counts, { records: 0, ...none, skippedBytes: text.length })
    }
  })

  it('is kept in memory no longer than a few records, whatever it claims', () => {
    // Each claims to hold as much as may be, and none is there.
    const claim = Buffer.alloc(16)
    claim.writeUInt32LE(Math.floor(at / 1000), 0)
    claim.writeUInt32LE(262_144, 8)
    claim.writeUInt32LE(262_144, 12)
    const reader = new CaptureReader()
    reader.take(pcapHeader({ snapLength: 0 }), () => {})
    let most = 0
    for (let i = 0; i < 300; i++) {
      reader.take(i % 50 === 0 ? Buffer.concat([claim, Buffer.alloc(65_000, 0xff)]) : Buffer.alloc(65_000, i), () => {})
      most = Math.max(most, reader.restBytes)
    }
    assert.ok(most < 4 * 262_160, `${most} bytes`)
  })
})
