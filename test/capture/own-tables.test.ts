import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAddress, parseAddress, parseNetwork } from '../../src/base/address.ts'
import type { LoggedPacket } from '../../src/capture/logged-packet.ts'
import { PacketLines } from '../../src/capture/packet-lines.ts'
import { Core } from '../../src/core/core.ts'
import { LogReader } from '../../src/daemon/log-reader.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import { portScan } from '../../src/patterns/port-scan.ts'
import { Hackers } from '../../src/rules/hackers.ts'
import { ip, NFLOG, nflogHeader, pcap, pfHeader, tcp } from '../lib/pcap-writer.ts'

const START = Date.parse('2026-11-21T10:00:00Z')
const SECOND = 1000
const MINUTE = 60_000
const source = '203.0.113.9'

/** Rules of two tables with the same packets, the second of which wants more of them. */
class Scene {
  readonly core = new Core({
    rules: new Map([
      ['first', new Hackers({ table: 'bad_ip', ban: '10m' })],
      ['second', new Hackers({ table: 'blockips', threshold: 150, ban: '1d' })],
    ]),
    tables: new Set(['bad_ip', 'blockips']),
    offender: () => undefined,
  })
  readonly #feeds = ['first', 'second'].map((rule) => ({ rule, patterns: portScan }))
  readonly #reader = new LogReader({
    log: 'pflog:pflog0',
    feeds: this.#feeds,
    scanner: scannerOf(this.#feeds),
    keepsLines: false,
  })
  #offset = 0

  /** A SYN to each of these ports, logged like this, a second apart. */
  knock(at: number, ports: readonly number[], log: (packet: Buffer) => Buffer, linkType?: number): void {
    const records = ports.map((port, i) => {
      const packet = ip({ source, destination: '192.0.2.25', protocol: 6, payload: tcp({ from: 40_000, to: port }) })
      return { at: at + i * SECOND, bytes: log(packet) }
    })
    const packets: LoggedPacket[] = []
    const times = new Map<number, number>()
    let text = ''
    new PacketLines().take(pcap(records, linkType === undefined ? {} : { linkType }), (line, packet) => {
      times.set(text.length, packet.at)
      packets.push(packet)
      text += `${line}\n`
    })
    const offset = this.#offset
    this.#offset += text.length
    const bytes = Buffer.from(text)
    const block = {
      bytes,
      offset,
      writtenBy: at,
      catchingUp: true,
      packets,
      timeOf: (start: number) => times.get(start),
      position: this.#offset,
    }
    for (const hit of this.#reader.read(block, undefined).hits) this.core.tell(hit)
  }

  bans(): readonly string[] {
    return this.core.bans().map(({ rule, network }) => `${rule} ${formatAddress(network.address)}`)
  }

  hits(): readonly number[] {
    return this.core.report().rules.map(({ hits }) => hits)
  }

  /** What came of it since it was last asked; it may be kept that somebody knocks. */
  evidence(): { readonly points: number; readonly decisions: number } {
    const { decisions, changes } = this.core.take()
    const hits = changes.flatMap((change) => (change.kind === 'hit' ? [change.hit] : []))
    return { points: hits.reduce((sum, { points }) => sum + points, 0), decisions: decisions.length }
  }

  scores(): readonly number[] {
    return this.core.standing(parseAddress(source)!).map(({ score }) => score)
  }
}

const portsFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)

const logs: Readonly<Record<string, readonly [log: (packet: Buffer) => Buffer, linkType?: number]>> = {
  'pf, by "block in log quick from <bad_ip>"': [(packet) => Buffer.concat([pfHeader({ rule: 0 }), packet])],
  'nftables, by "ip saddr @bad_ip log group 5 drop"': [(packet) => nflogHeader(packet, { prefix: 'banned ' }), NFLOG],
}

describe('a packet that one of our own tables refused', () => {
  for (const [name, [log, linkType]] of Object.entries(logs)) {
    it(`is no hit, for no rule, as long as its sender is in a table: ${name}`, () => {
      const scene = new Scene()
      scene.knock(START, portsFrom(8000, 10), log, linkType)
      assert.deepEqual(scene.bans(), [`first ${source}`])
      const [hits, scores] = [scene.hits(), scene.scores()]
      scene.core.take()
      scene.knock(START + MINUTE, portsFrom(8100, 50), log, linkType)
      assert.deepEqual([scene.hits(), scene.scores()], [hits, scores])
      assert.deepEqual(scene.evidence(), { points: 0, decisions: 0 })
      // The ban is over: what is refused then counts again, and is enough for the second rule.
      scene.knock(START + 20 * MINUTE, portsFrom(8200, 10), log, linkType)
      assert.deepEqual(scene.bans(), [`second ${source}`])
    })

    it(`is no hit where a person banned its sender, or the network around it: ${name}`, () => {
      const scene = new Scene()
      const order = {
        do: 'ban',
        network: parseNetwork('203.0.113.0/24')!,
        table: 'blockips',
        until: Number.POSITIVE_INFINITY,
        reason: '',
      } as const
      scene.core.tell({ kind: 'order', at: START, order })
      scene.knock(START + MINUTE, portsFrom(8000, 50), log, linkType)
      assert.deepEqual(
        [scene.hits(), scene.scores()],
        [
          [0, 0],
          [0, 0],
        ],
      )
    })
  }

  it('costs nothing where the core knows nothing of it, but the anchor or the prefix does', () => {
    const scene = new Scene()
    const anchor = { ruleset: 'log2table', rule: 3, subrule: 0 }
    scene.knock(START, portsFrom(8000, 50), (packet) => Buffer.concat([pfHeader(anchor), packet]))
    scene.knock(START + MINUTE, portsFrom(8100, 50), (packet) => nflogHeader(packet, { prefix: 'log2table bad_ip: ' }), NFLOG)
    assert.deepEqual(scene.scores(), [0, 0])
    assert.deepEqual(scene.evidence(), { points: 0, decisions: 0 })
  })
})
