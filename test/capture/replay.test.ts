import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { DecisionRecord } from '../../src/core/decision-record.ts'
import { ip, NFLOG, nflogHeader, pcap, pcapng, pfHeader, tcp } from '../lib/pcap-writer.ts'
import { AS_ROOT } from '../lib/running.ts'

const main = resolve(import.meta.dirname, '../../src/cli/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'log2table-replay-'))
after(() => rmSync(folder, { recursive: true }))

const START = Date.parse('2026-11-20T10:00:00Z')
const MINUTE = 60_000
const syn = (source: string, port: number) =>
  ip({ source, destination: '192.0.2.25', protocol: 6, payload: tcp({ from: 40_000, to: port }) })
/** A scanner that asks for another port every minute, and a client that asks for the same three again and again. */
const packets = Array.from({ length: 12 }, (_, i) => [
  { at: START + i * MINUTE + 0.25, packet: syn('203.0.113.9', 8000 + i) },
  { at: START + i * MINUTE + 500, packet: syn('198.51.100.7', 8000 + (i % 3)) },
]).flat()
const ofPf = packets.map(({ at, packet }) => ({ at, bytes: Buffer.concat([pfHeader(), packet]) }))
const ofLinux = packets.map(({ at, packet }) => ({ at, bytes: nflogHeader(packet) }))

/** The scanner's ban as it must come out: with its tenth port, by the packet's own time. */
const ban = { kind: 'ban', at: '2026-11-20T10:09:00.000Z', address: '203.0.113.9', rule: 'hackers', score: 100 }

async function replayed(
  args: readonly string[],
  stdin: Uint8Array = Buffer.alloc(0),
): Promise<{ decisions: DecisionRecord[]; said: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'replay', '--json', ...args], {
    env: { ...process.env, ...AS_ROOT },
  })
  let [text, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (data) => (text += data))
  child.stderr.setEncoding('utf8').on('data', (data) => (said += data))
  child.stdin.on('error', () => {}).end(stdin)
  const [status] = await once(child, 'close')
  assert.equal(status, 0, said)
  const decisions = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  return { decisions, said }
}

function bansOf({ decisions }: { decisions: readonly DecisionRecord[] }): unknown[] {
  return decisions
    .filter(({ kind }) => kind === 'ban')
    .map((decision) => {
      const { kind, at, address, rule, score } = decision as unknown as typeof ban
      return { kind, at, address, rule, score }
    })
}

describe('replay of a capture', () => {
  const captures: Readonly<Record<string, Uint8Array>> = {
    pflog: pcap(ofPf),
    'pflog.0.gz': gzipSync(pcap(ofPf)),
    'nflog.pcapng': pcapng(ofLinux, { linkType: NFLOG }),
  }
  const etc = join(folder, 'etc')
  before(() => {
    mkdirSync(etc)
    writeFileSync(
      join(etc, 'parameters.ts'),
      `import { dryRun, Hackers, parameters } from 'log2table'
import { portScan } from 'log2table/patterns'
export default parameters({
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { 'pflog:/var/log/pflog': { hackers: portScan } },
})
`,
    )
  })
  const configured = ['--config', etc, '--as', 'pflog:/var/log/pflog']

  for (const [name, bytes] of Object.entries(captures)) {
    it(`bans who scans, by the packets' own times, from a file and from standard input: ${name}`, async () => {
      const file = join(folder, name)
      writeFileSync(file, bytes)
      assert.deepEqual(bansOf(await replayed([...configured, file])), [ban])
      assert.deepEqual(bansOf(await replayed([...configured, '-'], bytes)), [ban])
    })
  }

  it('needs no --as where a key names the file that pflogd writes', async () => {
    const file = join(folder, 'pflog')
    writeFileSync(file, captures.pflog!)
    assert.deepEqual(bansOf(await replayed(['--config', etc, file])), [ban])
    assert.deepEqual(bansOf(await replayed(['--config', etc, '--as', 'pflog:/var/log/pflog', '-'], captures['pflog.0.gz'])), [
      ban,
    ])
  })

  it('puts packets and lines of several logs into one order', async () => {
    const [capture, log] = [join(folder, 'half'), join(folder, 'auth.log')]
    writeFileSync(capture, pcap(ofPf.filter((_, i) => i % 2 === 0).slice(0, 8)))
    const line = '2026-11-20T10:08:30.000000+00:00 gw sshd[7]: Invalid user admin from 203.0.113.9 port 5\n'
    writeFileSync(log, line)
    // 8 ports, then the line for 25.
    assert.deepEqual(bansOf(await replayed([log, capture])), [{ ...ban, at: '2026-11-20T10:08:30.000Z', score: 105 }])
  })

  it('says what of it could not be read', async () => {
    const file = join(folder, 'damaged.gz')
    writeFileSync(file, gzipSync(Buffer.concat([pcap(ofPf), Buffer.alloc(7)])).subarray(0, -9))
    const { said } = await replayed([...configured, file])
    assert.match(said, /damaged\.gz: unexpected end of file after \d+ bytes; what was read counts/)
    assert.match(said, /damaged\.gz: 0 records and 7 bytes could not be understood, and were passed over/)
  })

  it('is still of lines where there is no capture', async () => {
    const lines = Array.from(
      { length: 5 },
      (_, i) => `2026-11-20T10:0${i}:00.000000+00:00 gw sshd[${i}]: Invalid user admin from 203.0.113.9 port 5\n`,
    )
    const expected = [{ ...ban, at: '2026-11-20T10:03:00.000Z', score: 100 }]
    assert.deepEqual(bansOf(await replayed(['-'], Buffer.from(lines.join('')))), expected)
    assert.deepEqual(bansOf(await replayed(['-'], gzipSync(lines.join('')))), expected)
  })
})
