import { closeSync, openSync, readSync } from 'node:fs'
import { jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { type Log, logTo } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import type { LoggedPacket } from '../../capture/logged-packet.ts'
import { PacketLines } from '../../capture/packet-lines.ts'
import { packetRecord } from '../../capture/packet-record.ts'
import { writePidFile } from '../../daemon/pid-file.ts'
import { HangUps, untilEnded } from '../../daemon/signals.ts'
import { TextLog } from '../../daemon/text-log.ts'
import { CaptureSource, captureArgv } from '../../sources/capture.ts'
import { CaptureFileSource } from '../../sources/capture-file.ts'
import { reasonOf } from '../../sources/open-file.ts'
import type { Source, SourceContext } from '../../sources/source.ts'
import { type Command, type Io, type JsonOption, jsonOption, type Output } from '../command.ts'
import { PacketTop } from '../pflog-top.ts'
import { PacketView } from '../pflog-view.ts'

interface Options extends JsonOption {
  readonly interface?: string
  readonly read?: string
  readonly follow?: boolean
  readonly top?: boolean
  readonly output?: string
  readonly pidFile?: string
}

/** A file is read in pieces whose text fits into a pipe several times, so that whoever reads it works while we do. */
const PIECE_BYTES = 16 * 1024
/** How often a file that could not be written is tried again. */
const RETRY_MS = 1000
/** How long tcpdump has to end and say what was dropped. */
const END_MS_MAX = 2000

export const pflog: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('-i, --interface <name>', 'follow the packets that are logged to it, pflog0 by default; nflog:5 on Linux')
      .option('-r, --read <file>', 'read a capture to its end instead, such as /var/log/pflog; - for standard input')
      .option('-F, --follow', 'with -r: go on as the file grows, through its rotation')
      .option('--top', 'count them by source, port and rule: drawn once a second on a terminal, printed at the end')
      .option('-o, --output <file>', 'append to it, and open it again on HUP and USR1; default: standard output')
      .option('--pid-file <file>', 'write the process id to it while it runs')
      .option(...jsonOption)
  },
  help: `
Prints the packets that pf logs, a line for each: its time, then the packet in the words of tcpdump -n -e, so that tools
that read such text can go on. A terminal gets columns to be read by a person instead, with ports by their names. The output
file is made when it is missing, for its owner and group only (0640).

Captures with tcpdump, which needs the rights to; it is started again when it ends. What cannot be written waits. What is
lost is counted, and told at the end: also what the kernel says that it dropped. INT and TERM end it.

Examples
  log2table pflog
  log2table pflog --top
  log2table pflog -i pflog0 -o /var/log/pf.log
  log2table pflog -r /var/log/pflog | less
  log2table pflog -F -r /var/log/pflog
`,
  outlivesItsOutput: true,
  async run(_args, options, io) {
    const fault = usageFault(options)
    if (fault !== undefined) throw new UserError(exitStatus.usage, fault)
    const { interface: device = 'pflog0', read, follow: follows = false, output, pidFile, json = false } = options
    const top = options.top ? new PacketTop(io, { name: read ?? device, json, isLive: read === undefined || follows }) : undefined
    const log = logTo(top ? top.say : (line) => io.stderr.write(`${line}\n`))
    const removePidFile = pidFile === undefined ? () => {} : writePidFile(pidFile)
    try {
      const file = output === undefined ? undefined : openOutput(output, log)
      const write = top ? top.add : writerOf(file ? undefined : io.stdout, json)
      try {
        if (read !== undefined && !follows) return await readThrough(read, { file, write, log, io })
        const open = read === undefined ? capturing(device, log) : following(read, log)
        return await follow(open, { file, write, log, io })
      } finally {
        file?.close()
        top?.end()
      }
    } finally {
      removePidFile()
    }
  },
}

function usageFault({ interface: device, read, follow: follows, top, output }: Options): string | undefined {
  if (device !== undefined && read !== undefined) return 'give one of -i and -r, not both'
  if (follows && (read === undefined || read === '-')) return '-F follows the file that -r names, such as -r /var/log/pflog'
  if (top && output !== undefined) return '--top counts packets and prints none; leave out one of --top and -o'
  return undefined
}

/** What is written for a packet, its line feed included: columns on a terminal. */
function writerOf(output: Output | undefined, json: boolean): Destination['write'] {
  if (json) return (_line, packet) => `${jsonLine(packetRecord(packet))}\n`
  if (!output?.isTerminal) return (line) => `${line}\n`
  const view = new PacketView(output)
  return (line, packet) => view.lines(line.slice(0, line.indexOf(' ')), packet)
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

/** A source of packets that goes on. */
interface Following {
  readonly source: Source
  /** Asks whoever captures to end; resolves when all that it wrote was read. */
  end(): Promise<void>
}

type OpenFollowing = (context: SourceContext) => Following

function capturing(device: string, log: Log): OpenFollowing {
  return (context) => {
    const argv = captureArgv(device)
    const source = new CaptureSource(`pflog:${device}`, argv, context)
    log.info(`started: ${argv.join(' ')}`)
    return { source, end: () => source.end() }
  }
}

function following(path: string, log: Log): OpenFollowing {
  return (context) => {
    const source = new CaptureFileSource(path, path, context)
    const { reason } = source.state
    if (reason !== undefined) log.warning(`${path}: ${reason}; it is waited for`)
    context.onReady()
    return { source, end: async () => {} }
  }
}

/** Until it is ended. What waits in the pipe while the output is blocked waits in tcpdump, and then in the kernel, which counts what it drops. */
async function follow(open: OpenFollowing, { file, write, log, io }: Destination): Promise<ExitStatus> {
  let retry: NodeJS.Timeout | undefined
  let isClosed = false
  const pump = () => {
    clearTimeout(retry)
    file?.retry()
    while (!file?.isBlocked && !isClosed) {
      const block = source.read()
      if (!block) return
      const lines = Buffer.from(block.bytes).toString('latin1').split('\n')
      const text = block.packets!.map((packet, i) => write(lines[i]!, packet)).join('')
      if (file) file.write(Buffer.from(text))
      else io.stdout.write(text)
    }
    if (file?.isBlocked) retry = setTimeout(pump, RETRY_MS)
  }
  const reopen = () => file?.reopen()
  process.on('SIGUSR1', reopen)
  const ended = untilEnded({ hangUps: new HangUps(), onHangUp: async () => reopen(), log })
  const { source, end } = open({
    position: undefined,
    onReady: () => setImmediate(pump),
    say: (level, message) => log[level](message),
    now: io.now,
  })
  try {
    await Promise.race([ended, ...(file ? [] : [io.stdout.closed])])
    let late: NodeJS.Timeout | undefined
    await Promise.race([end(), new Promise((resolve) => (late = setTimeout(resolve, END_MS_MAX)))])
    clearTimeout(late)
    pump()
  } finally {
    isClosed = true
    clearTimeout(retry)
    process.off('SIGUSR1', reopen)
    tellLost(source, file, log)
    source.close()
  }
  return exitStatus.done
}

function tellLost(source: Source, file: TextLog | undefined, log: Log): void {
  const { lostLines = 0, lostBytes, behindBytes } = source.state
  const unwritten = file?.unwrittenLines ?? 0
  const isWhole = lostLines + lostBytes + behindBytes + unwritten === 0
  if (isWhole) log.info('ended; every packet that was captured was written')
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
    const chunk = Buffer.alloc(PIECE_BYTES)
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
