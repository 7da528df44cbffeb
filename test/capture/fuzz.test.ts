import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import { decodeRecord } from '../../src/capture/logged.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { packetText } from '../../src/capture/text.ts'
import { type Random, randomFrom } from '../lib/chaos-random.ts'
import { ETHERNET, ethernet, NFLOG, nflogHeader, PFLOG, pcap, pcapng, RAW } from '../lib/pcap-writer.ts'
import { randomPacket, randomPfLog } from '../lib/random-packets.ts'

/** Mutated captures; `test/long` has more, and another seed each time. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 200_000)
const SEED = Number(process.env.FUZZ_SEED ?? 8)
/** A record is at most a few times as long as the capture that it is cut from, so this is what a reader may keep. */
const MUTATIONS_MAX = 6

describe('a hostile capture', () => {
  it(`makes nothing throw, and gives no address that is not in its bytes (${RUNS} mutations, seed ${SEED})`, () => {
    const random = randomFrom(SEED)
    const originals = Array.from({ length: 200 }, () => randomCapture(random))
    let records = 0
    let packets = 0
    for (let run = 0; run < RUNS; run++) {
      const original = originals[run % originals.length]!
      const capture = mutated(random, original, originals)
      try {
        const reader = new CaptureReader()
        const cut = Math.floor(random() * capture.length)
        const pieces = random() < 0.5 ? [capture] : [capture.subarray(0, cut), capture.subarray(cut)]
        for (const piece of pieces) {
          reader.take(piece, (record) => {
            records++
            assert.ok(record.bytes.length <= record.length && record.bytes.length <= capture.length)
            const logged = decodeRecord(record)
            if (!logged) return
            packets++
            const { source, destination } = logged.packet
            assert.ok(isIn(record.bytes, source) && isIn(record.bytes, destination), 'an address is not in the bytes')
            const text = packetText(logged)
            assert.match(text, /^[\x20-\x7e]+$/)
          })
        }
        assert.ok(reader.restBytes <= capture.length)
      } catch (error) {
        throw new Error(`run ${run} of seed ${SEED}: ${capture.toString('hex')}`, { cause: error })
      }
    }
    // Mutations that leave nothing to decode would prove nothing.
    assert.ok(records > RUNS && packets > RUNS / 2, `${records} records, ${packets} packets`)
  })
})

function randomCapture(random: Random): Buffer {
  const linkType = [PFLOG, PFLOG, NFLOG, RAW, ETHERNET][Math.floor(random() * 5)]!
  const isBigEndian = random() < 0.5
  const packets = Array.from({ length: 5 }, (_, i) => {
    const packet = randomPacket(random)
    const framed: Record<number, () => Buffer> = {
      [PFLOG]: () => randomPfLog(random, packet),
      [NFLOG]: () => nflogHeader(packet, { isBigEndian }),
      [RAW]: () => packet,
      [ETHERNET]: () => ethernet(packet, [7]),
    }
    return { at: 1_700_000_000_000 + i, bytes: framed[linkType]!() }
  })
  const options = { linkType, isBigEndian, hasNanoseconds: random() < 0.5, snapLength: 2000 }
  if (random() < 0.6) return pcap(packets, options)
  return pcapng(packets, options, (['enhanced', 'simple', 'old'] as const)[Math.floor(random() * 3)]!)
}

/** Flips, overwrites, cuts, repeats and splices, mostly behind the file header. */
function mutated(random: Random, original: Buffer, others: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(original)
  const below = (count: number) => Math.floor(random() * count)
  const place = () => (random() < 0.95 ? Math.min(24 + below(bytes.length), Math.max(0, bytes.length - 1)) : below(bytes.length))
  for (let i = 1 + below(MUTATIONS_MAX); i > 0 && bytes.length > 0; i--) {
    const at = place()
    switch (below(7)) {
      case 0:
        bytes[at]! ^= 1 << below(8)
        break
      case 1:
        bytes[at] = [0, 1, 4, 5, 0x45, 0x60, 0x7f, 0x80, 0xff][below(9)]!
        break
      case 2:
        bytes[at] = below(256)
        break
      case 3:
        if (at + 4 <= bytes.length) bytes.writeUInt32LE([0, 1, 0xffffffff, 0x7fffffff, 262_144, 262_145][below(6)]!, at)
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(20))])
        break
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + below(40)), bytes.subarray(at)])
        break
      default: {
        if (random() < 0.7) break
        const other = others[below(others.length)]!
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length)).subarray(0, 200), bytes.subarray(at)])
      }
    }
  }
  return bytes
}

function isIn(bytes: Buffer, address: Address): boolean {
  if (typeof address === 'bigint') return bytes.includes(Buffer.from(address.toString(16).padStart(32, '0'), 'hex'))
  const four = Buffer.alloc(4)
  four.writeUInt32BE(address)
  return bytes.includes(four)
}
