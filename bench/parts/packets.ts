import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomFrom } from '../../test/lib/chaos-random.ts'
import { pcapHeader, pcapRecord } from '../../test/lib/pcap-writer.ts'
import { program } from '../../test/lib/programs.ts'
import { randomPacket, randomPfLog } from '../../test/lib/random-packets.ts'
import { log2table } from '../lib/daemons.ts'
import { memoryOf, Running, secondsOf } from '../lib/processes.ts'
import { measureInTurn, printTable } from '../lib/turns.ts'
import { workFolder } from '../lib/work-folder.ts'

/** For speed; some 300,000 packets. */
const SPEED_MB = 50
/** For memory: `CAPTURE_MB=1000` for a gigabyte, which is written first. */
const MEMORY_MB = Number(process.env.CAPTURE_MB ?? 200)
const LOOK_EVERY_MS = 50

/** Captures of pf's log: how fast they become text, beside tcpdump, and how much memory a long one takes. */
export async function packets(): Promise<void> {
  const { file, count } = writeCapture('speed.pcap', SPEED_MB)
  const tcpdump = [program('tcpdump'), ...(process.getuid?.() === 0 ? ['-Z', 'root'] : []), '-n']
  await measureInTurn(
    `whole process, a capture of ${SPEED_MB} MB, ${count} packets to text`,
    [
      { name: 'log2table pflog -r', run: () => secondsOf([...log2table, 'pflog', '-r', file]) },
      { name: 'tcpdump -n -r', run: () => secondsOf([...tcpdump, '-r', file]) },
      { name: 'tcpdump -n -e -tttt -r (the same words)', run: () => secondsOf([...tcpdump, '-e', '-tttt', '-r', file]) },
    ],
    { rounds: 3, lines: count },
  )
  const rows = [['', 'packets', 's', 'M packets/s', 'most RSS']]
  for (const megabytes of [MEMORY_MB / 8, MEMORY_MB]) {
    const long = writeCapture('memory.pcap', megabytes)
    const start = performance.now()
    const rss = await mostMemory([...log2table, 'pflog', '-r', long.file, '-o', '/dev/null'])
    const seconds = (performance.now() - start) / 1000
    const rate = (long.count / seconds / 1e6).toFixed(2)
    rows.push([`${megabytes} MB`, String(long.count), seconds.toFixed(1), rate, `${Math.round(rss / 2 ** 20)} MiB`])
  }
  printTable('memory of log2table pflog -r', rows)
}

/** Distinct packets that are written again and again, two a millisecond. */
const DISTINCT = 20_000

function writeCapture(name: string, megabytes: number): { readonly file: string; readonly count: number } {
  const random = randomFrom(8)
  const distinct = Array.from({ length: DISTINCT }, () => randomPfLog(random, randomPacket(random, { isPlain: true })))
  const file = join(workFolder, name)
  const fd = openSync(file, 'w')
  let bytes = writeSync(fd, pcapHeader())
  let count = 0
  for (let at = Date.parse('2026-11-21T10:00:00Z'); bytes < megabytes * 1e6; at += DISTINCT / 2) {
    bytes += writeSync(fd, Buffer.concat(distinct.map((packet, i) => pcapRecord({ at: at + i / 2, bytes: packet }))))
    count += DISTINCT
  }
  closeSync(fd)
  return { file, count }
}

/** The most resident memory of a program that is run to its end, as far as one looks. */
async function mostMemory(argv: readonly string[]): Promise<number> {
  const running = new Running(argv)
  let most = 0
  while (!running.hasEnded) {
    most = Math.max(most, (await memoryOf(running.pid)).rss)
    await sleep(LOOK_EVERY_MS)
  }
  return most
}
