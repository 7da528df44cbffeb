import { closeSync, openSync, readSync } from 'node:fs'
import { jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { type Log, logTo } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import type { LoggedPacket } from '../../capture/logged-packet.ts'
import { PacketLines } from '../../capture/packet-lines.ts'
import { packetRecord } from '../../capture/packet-record.ts'
import { writePidFile } from '../../daemon/pid-file.ts'
import { untilEnded } from '../../daemon/signals.ts'
import { TextLog } from '../../daemon/text-log.ts'
import { CaptureSource, captureArgv } from '../../sources/capture.ts'
import { reasonOf } from '../../sources/open-file.ts'
import { CHUNK_BYTES } from '../../sources/source.ts'
import { type Command, type Io, type JsonOption, jsonOption, type Output } from '../command.ts'
import { paint } from '../output.ts'

interface Options extends JsonOption {
  readonly interface?: string
  readonly read?: string
  readonly output?: string
  readonly pidFile?: string
}

/** How often a file that could not be written is tried again. */
const RETRY_MS = 1000

export const pflog: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('-i, --interface <name>', 'follow the packets that are logged to it, pflog0 by default; nflog:5 on Linux')
      .option('-r, --read <file>', 'read a capture to its end instead, such as /var/log/pflog; - for standard input')
      .option('-o, --output <file>', 'append to it, and open it again on HUP and USR1; default: standard output')
      .option('--pid-file <file>', 'write the process id to it while it runs')
      .option(...jsonOption)
  },
  help: `
Prints the packets that pf logs, a line for each: its time, then the packet in the words of tcpdump -n -e, so that tools
that read such text can go on. The output file is made when it is missing, for its owner and group only (0640).

Captures with tcpdump, which needs the rights to; it is started again when it ends. What cannot be written waits. What is
lost is counted, and told at the end. INT and TERM end it.

Examples
  log2table pflog
  log2table pflog -i pflog0 -o /var/log/pf.log
  log2table pflog -r /var/log/pflog | less
`,
  outlivesItsOutput: true,
  async run(_args, { interface: device, read, output, pidFile, json }, io) {
    if (device !== undefined && read !== undefined) throw new UserError(exitStatus.usage, 'give one of -i and -r, not both')
    const log = logTo((line) => io.stderr.write(`${line}\n`))
    const removePidFile = pidFile === undefined ? () => {} : writePidFile(pidFile)
    try {
      const file = output === undefined ? undefined : openOutput(output, log)
      const write = (line: string, packet: LoggedPacket) =>
        json ? `${jsonLine(packetRecord(packet))}\n` : `${file ? line : painted(io.stdout, line, packet)}\n`
      try {
        if (read === undefined) return await follow(device ?? 'pflog0', { file, write, log, io })
        return await readThrough(read, { file, write, log, io })
      } finally {
        file?.close()
      }
    } finally {
      removePidFile()
    }
  },
}

interface Destination {
  readonly file: TextLog | undefined
  /** What is written for a packet, its line feed included. */
  readonly write: (line: string, packet: LoggedPacket) => string
  readonly log: Log
  readonly io: Io
}

function openOutput(path: string, log: Log): TextLog {
  try {
    return new TextLog(path, log)
  } catch (error) {
    throw new UserError(exitStatus.notPermitted, `${path}: ${reasonOf(error)}; choose another file, or the user who may write it`)
  }
}

/** Until it is ended. What waits in the pipe while the output is blocked waits in tcpdump, and then in the kernel, which counts what it drops. */
async function follow(device: string, { file, write, log, io }: Destination): Promise<ExitStatus> {
  let retry: NodeJS.Timeout | undefined
  let isEnding = false
  const pump = () => {
    clearTimeout(retry)
    file?.retry()
    while (!file?.isBlocked && !isEnding) {
      const block = source.read()
      if (!block) return
      const lines = Buffer.from(block.bytes).toString('latin1').split('\n')
      const text = block.packets!.map((packet, i) => write(lines[i]!, packet)).join('')
      if (file) file.write(Buffer.from(text))
      else io.stdout.write(text)
    }
    if (file?.isBlocked) retry = setTimeout(pump, RETRY_MS)
  }
  const argv = captureArgv(device)
  const source = new CaptureSource(`pflog:${device}`, argv, {
    position: undefined,
    onReady: () => setImmediate(pump),
    say: (level, message) => log[level](message),
    now: io.now,
  })
  const reopen = () => file?.reopen()
  process.on('SIGUSR1', reopen)
  try {
    log.info(`started: ${argv.join(' ')}`)
    await Promise.race([untilEnded({ onHangUp: async () => reopen(), log }), ...(file ? [] : [io.stdout.closed])])
    pump()
  } finally {
    isEnding = true
    clearTimeout(retry)
    process.off('SIGUSR1', reopen)
    tellLost(source, file, log)
    source.close()
  }
  return exitStatus.done
}

function tellLost(source: CaptureSource, file: TextLog | undefined, log: Log): void {
  const { lostLines = 0, lostBytes, behindBytes } = source.state
  const unwritten = file?.unwrittenLines ?? 0
  const isWhole = lostLines + lostBytes + behindBytes + unwritten === 0
  if (isWhole) log.info('ended; every packet that tcpdump gave was written')
  else log.warning('ended with losses', { packets: lostLines, bytes: lostBytes, unread: behindBytes, unwritten })
}

/** From its beginning to its end. */
async function readThrough(path: string, { file, write, log, io }: Destination): Promise<ExitStatus> {
  const lines = new PacketLines()
  const take = (bytes: Buffer) => {
    let text = ''
    lines.take(bytes, (line, packet) => {
      text += write(line, packet)
    })
    if (!file) io.stdout.write(text)
    else {
      file.write(Buffer.from(text))
      if (file.isBlocked) throw new UserError(exitStatus.unavailable, 'cannot write the output')
    }
    if (lines.isNoCapture)
      throw new UserError(exitStatus.badData, `${path}: is no capture; -r reads what tcpdump -w and pflogd write`)
  }
  if (path === '-') for await (const chunk of io.stdin) take(Buffer.from(chunk))
  else await readFile(path, io.stdout, take)
  const { bad, notUnderstood, skippedBytes } = lines.counts
  if (bad + notUnderstood + skippedBytes + lines.restBytes > 0) {
    log.warning('not all could be read', { records: bad + notUnderstood, bytes: skippedBytes + lines.restBytes })
  }
  return exitStatus.done
}

async function readFile(path: string, output: Output, take: (bytes: Buffer) => void): Promise<void> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw new UserError(exitStatus.unavailable, `${path}: ${reasonOf(error)}`)
  }
  let isClosed = false
  void output.closed.then(() => (isClosed = true))
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (let count = 1; count > 0 && !isClosed; ) {
      count = readSync(fd, chunk)
      take(chunk.subarray(0, count))
      // So that a reader that went away is noticed.
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    closeSync(fd)
  }
}

/** The line, with what pf did in a colour. */
function painted(output: Output, line: string, { pf }: LoggedPacket): string {
  if (!pf) return line
  const action = ` ${pf.action} ${pf.direction} on `
  return line.replace(action, ` ${paint(output, pf.action === 'block' ? 'red' : 'green', action.trim())} `)
}
