import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { ip, pcap, pfHeader, tcp } from '../../test/lib/pcap-writer.ts'
import { waitFor } from '../../test/lib/wait-for.ts'
import { CaptureSource, captureArgv } from './capture.ts'
import type { Block } from './source.ts'

const folder = mkdtempSync(join(tmpdir(), 'log2table-capture-'))
after(() => rmSync(folder, { recursive: true }))

const packets = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const payload = tcp({ from: 40_000, to: i })
    const packet = ip({ source: '203.0.113.9', destination: '192.0.2.25', protocol: 6, payload })
    return { at: 1_700_000_000_000, bytes: Buffer.concat([pfHeader(), packet]) }
  })

function written(name: string, bytes: Buffer): string {
  const file = join(folder, name)
  writeFileSync(file, bytes)
  return file
}

/** A source of what a program writes, and its blocks as they come. */
function open(t: TestContext, argv: readonly string[], position?: number) {
  const said: string[] = []
  const blocks: { readonly block: Block; readonly text: string }[] = []
  const source: CaptureSource = new CaptureSource('pflog:pflog0', argv, {
    position,
    onReady: () =>
      setImmediate(() => {
        for (let block = source.read(); block; block = source.read()) {
          blocks.push({ block, text: Buffer.from(block.bytes).toString() })
        }
      }),
    say: (_, message) => said.push(message),
    now: () => 5,
  })
  t.after(() => source.close())
  return {
    source,
    said,
    blocks,
    lines: () =>
      blocks
        .map(({ text }) => text)
        .join('')
        .split('\n')
        .slice(0, -1),
  }
}

describe('a source of packets', () => {
  it('gives a line and a packet for each, and goes on counting where it was left', async (t) => {
    const file = written('whole', pcap(packets(1000)))
    const { blocks, lines } = open(t, ['sh', '-c', `cat ${file}; exec sleep 100`], 77)
    await waitFor('all lines', 5000, () => lines().length === 1000)
    let offset = 77
    for (const { block, text } of blocks) {
      assert.equal(block.offset, offset)
      offset += text.length
      assert.equal(block.position, offset)
      assert.equal(block.packets!.length, text.split('\n').length - 1)
      assert.equal(block.catchingUp, false)
      assert.ok(text.length < 64 * 1024)
    }
    for (const [i, line] of lines().entries()) assert.ok(line.includes(` > 192.0.2.25.${i}: Flags [S]`), line)
  })

  it('counts a record that was cut when its program ended, and starts the program again', async (t) => {
    const whole = pcap(packets(3))
    const file = written('cut', whole.subarray(0, whole.length - 7))
    const { source, said, lines } = open(t, ['cat', file])
    await waitFor('twice', 5000, () => lines().length >= 4)
    assert.match(said[0]!, /^pflog:pflog0: ended \(exit status 0\); started again in 100ms$/)
    assert.ok(source.state.lostBytes >= 113 && source.state.lostBytes % 113 === 0, String(source.state.lostBytes))
  })

  it('counts what it cannot understand', async (t) => {
    const strange = packets(3)
    strange[1]!.bytes[0] = 7
    const file = written('strange', pcap(strange))
    const { source, lines } = open(t, ['sh', '-c', `cat ${file}; exec sleep 100`])
    await waitFor('two lines', 5000, () => lines().length === 2)
    assert.equal(source.state.lostLines, 1)
  })

  it('lets its program say its last words: what it still has, and what the kernel dropped', async (t) => {
    const whole = pcap(packets(3))
    const [first, rest] = [written('first', whole.subarray(0, 150)), written('rest', whole.subarray(150))]
    const words = '5 packets captured\n9 packets received by filter\n4 packets dropped by kernel\n'
    const end = `cat ${rest}; printf "${words}" >&2; exit 0`
    const argv = ['sh', '-c', `trap '${end.replaceAll("'", "'\\''")}' TERM; cat ${first}; while :; do sleep 0.01; done`]
    const { source, said, lines } = open(t, argv)
    await waitFor('the first', 5000, () => lines().length === 1)
    await source.end()
    assert.equal(lines().length, 3)
    const { lostLines, lostBytes, behindBytes } = source.state
    assert.deepEqual({ lostLines, lostBytes, behindBytes }, { lostLines: 4, lostBytes: 0, behindBytes: 0 })
    assert.deepEqual(said, ['pflog:pflog0: at least 4 packets came faster than they were taken, and were dropped by the kernel'])
  })

  it('adds up what the kernel dropped under one program after another', async (t) => {
    const file = written('dropping', pcap(packets(1)))
    const numbers = '1 packet captured, 3 packets received by filter, 2 packets dropped by kernel'
    const { source, lines } = open(t, ['sh', '-c', `cat ${file}; echo '${numbers}' >&2`])
    await waitFor('three times', 10_000, () => lines().length >= 3)
    await waitFor('told each time', 5000, () => source.state.lostLines! >= 6)
    assert.equal(source.state.lostLines! % 2, 0)
  })

  it('says which program is missing', async (t) => {
    const { source, said } = open(t, ['log2table-no-such-program', '-w', '-'])
    const missing = 'pflog:pflog0: ended (log2table-no-such-program: no such program); started again in 100ms'
    await waitFor('it is said', 5000, () => said.includes(missing) && source.state.kind === 'waiting')
    assert.equal(source.state.reason, 'ended: log2table-no-such-program: no such program')
  })

  it('starts a program again that does not write a capture', async (t) => {
    const { said } = open(t, ['sh', '-c', 'echo this is no capture, whatever else it may be; exec sleep 100'])
    await waitFor('it is said', 5000, () =>
      said.some((line) => line.includes('wrote what is no capture; started again in 100ms')),
    )
  })
})

describe('how tcpdump is called', () => {
  it('keeps the headers of a packet, and of NFLOG whole batches', () => {
    assert.deepEqual(
      captureArgv('pflog0', 'freebsd').join(' '),
      'tcpdump --immediate-mode -U -Z nobody -n -p -i pflog0 -s 512 -w -',
    )
    assert.equal(
      captureArgv('nflog:5', 'linux').join(' '),
      'tcpdump --immediate-mode -U -Z nobody -n -p -i nflog:5 -s 65535 -w -',
    )
    assert.equal(captureArgv('pflog0', 'openbsd').join(' '), 'tcpdump -l -n -p -i pflog0 -s 512 -w -')
  })
})
