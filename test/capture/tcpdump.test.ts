import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parseAddress } from '../../src/base/address.ts'
import { decodeRecord } from '../../src/capture/logged.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { packetText } from '../../src/capture/text.ts'
import { type Random, randomFrom } from '../lib/chaos-random.ts'
import { type CaptureOptions, ETHERNET, ethernet, NFLOG, nflogHeader, PFLOG, pcap, pcapng, RAW } from '../lib/pcap-writer.ts'
import { needs, program } from '../lib/programs.ts'
import { randomPacket, randomPfLog } from '../lib/random-packets.ts'

const PACKETS = 12_000

describe('our text and that of tcpdump', { skip: needs(['tcpdump']) }, () => {
  const kinds: [string, CaptureOptions, typeof pcap][] = [
    ['pf logs', { linkType: PFLOG }, pcap],
    ['pf logs with nanoseconds, big-endian', { linkType: PFLOG, hasNanoseconds: true, isBigEndian: true }, pcap],
    ['pf logs as pcapng', { linkType: PFLOG }, pcapng],
    ['NFLOG', { linkType: NFLOG }, pcap],
    ['raw IP, big-endian pcapng', { linkType: RAW, isBigEndian: true }, pcapng],
    ['Ethernet, with VLANs', { linkType: ETHERNET }, pcap],
  ]
  for (const [name, options, write] of kinds) {
    it(`say the same of ${PACKETS / kinds.length} packets of ${name}`, () => {
      const { ours, theirs } = bothOf(options, write, PACKETS / kinds.length, false)
      for (const [i, text] of ours.entries()) assert.deepEqual(factsOf(text), factsOf(theirs[i]!), `${theirs[i]}\n${text}`)
    })
  }

  it('say plain packets in the very same words', () => {
    const { ours, theirs } = bothOf({ linkType: PFLOG }, pcap, 4000, true)
    assert.deepEqual(ours, theirs)
  })
})

function bothOf(
  options: CaptureOptions,
  write: typeof pcap,
  count: number,
  isPlain: boolean,
): { ours: string[]; theirs: string[] } {
  const random = randomFrom(options.linkType! + count)
  const packets = Array.from({ length: count }, (_, i) => {
    const packet = randomPacket(random, { isPlain })
    return { at: 1_700_000_000_000 + i * 1000 + 0.25, bytes: framed(random, packet, options.linkType!) }
  })
  const capture = write(packets, options)
  const [ours, theirs] = [textsOf(capture), tcpdump(capture, options.linkType === PFLOG)]
  assert.equal(ours.length, count)
  assert.equal(theirs.length, count)
  return { ours, theirs }
}

function framed(random: Random, packet: Buffer, linkType: number): Buffer {
  if (linkType === PFLOG) return randomPfLog(random, packet)
  if (linkType === NFLOG) return nflogHeader(packet)
  if (linkType === RAW) return packet
  return ethernet(packet, [7, 8].slice(0, Math.floor(random() * 3)))
}

/** What must be the same: rule, action, addresses, ports, flags. Numbers of ports come as they stand, in whatever place. */
function factsOf(text: string): unknown {
  const rule = /^rule \S+ \S+ \S+ on \S+: /.exec(text)?.[0]
  const packet = text.slice(rule?.length ?? 0).replace(/^(?:nflog \d+: .*?: )?IP6? /, '')
  const [, from = '', to = ''] = /^(\S+) > (\S+):(?: |$)/.exec(packet) ?? []
  const inner = /^\S+ > \S+: .*?\b(\d+) > (\d+): /.exec(packet)
  const isIPv6 = from.includes(':')
  const parts = (end: string) => {
    const dot = end.lastIndexOf('.')
    const hasPort = isIPv6 ? dot >= 0 : end.split('.').length === 5
    return hasPort ? [parseAddress(end.slice(0, dot)), Number(end.slice(dot + 1))] : [parseAddress(end)]
  }
  // tcpdump takes SCTP's ports too; we do not know it.
  const isSctp = / sctp /.test(packet)
  const ends = [from, to].map((end, i) => {
    const [address, port] = parts(end)
    return [address, isSctp ? undefined : (port ?? (inner ? Number(inner[i + 1]) : undefined))]
  })
  assert.ok(
    ends.every(([address]) => address !== undefined),
    text,
  )
  return { rule, ends, flags: /Flags (\[[^\]]*\])/.exec(packet)?.[1] }
}

function textsOf(capture: Buffer): string[] {
  const texts: string[] = []
  new CaptureReader().take(capture, (record) => {
    const logged = decodeRecord(record)
    texts.push(logged ? packetText(logged) : 'not understood')
  })
  return texts
}

function tcpdump(capture: Buffer, saysRule: boolean): string[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-tcpdump-'))
  try {
    const file = path.join(folder, 'capture')
    writeFileSync(file, capture)
    const user = process.getuid?.() === 0 ? ['-Z', 'root'] : []
    const argv = [...user, '-n', '-t', '-S', ...(saysRule ? ['-e'] : []), '-r', file]
    const text = execFileSync(program('tcpdump'), argv, {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 28,
    })
    return text.split('\n').filter((line) => line !== '' && /^\S/.test(line))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
