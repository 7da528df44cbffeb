import { isoTime, type Json } from '../base/units.ts'
import { type JournalEntry, JournalFormatError, JournalParser } from '../lines/journal-export.ts'
import { syslogLine } from '../lines/syslog-line.ts'
import { Child, type ChildEnd } from './child.ts'
import { ownUnit as unitOfOurs } from './own-output.ts'
import { type Block, LINE_BYTES_MAX, type Source, type SourceContext, type SourceState } from './source.ts'

export interface JournalOptions {
  /** Where to begin where there is no position. */
  readonly startAt?: 'start' | 'end'
  /** The program, and what it is given before our own arguments. */
  readonly journalctl?: readonly string[]
  /** The unit that this process itself is: what it wrote is passed over. */
  readonly ownUnit?: string | undefined
}

/** What is committed: the entry that was read last. */
interface Position {
  /** Null before the first. */
  readonly cursor: string | null
  /** When it was written, in microseconds: what was written before is not read. */
  readonly at: number
  /** Bytes of lines so far. */
  readonly offset: number
}

/** A line with the position after it. */
interface Line {
  /** Latin-1, with its line feed; empty where only the position moves. */
  readonly text: string
  readonly catchingUp: boolean
  readonly position: Position
}

const wanted = new Set([
  ...['__CURSOR', '__REALTIME_TIMESTAMP', '_HOSTNAME', '_COMM', '_PID', '_TRANSPORT'],
  ...['SYSLOG_IDENTIFIER', 'SYSLOG_PID', 'MESSAGE', 'MESSAGE_ID', 'N_DROPPED', '_SYSTEMD_UNIT'],
])
/** journald's own note that it let messages go, because a service wrote too many in too short a time. */
const SUPPRESSED = 'a596d6fe7bfa4994828e72309e95d61e'

/**
 * systemd's journal, read by `journalctl -o export`, in which every byte of a message comes through. An entry becomes a line
 * as syslog would have written it. The position is the cursor of the last entry.
 *
 * `journalctl -f` shows nothing of earlier boots, so it has two steps: what there is, from the cursor on, to its end; then
 * what comes. Both begin with the entry of the cursor itself: where another one comes first, ours is gone.
 */
export class JournalSource implements Source {
  readonly log: string
  readonly #context: SourceContext
  readonly #command: readonly string[]
  readonly #matches: readonly string[]
  readonly #ownUnit: string | undefined
  readonly #child: Child
  readonly #parser = new JournalParser({ wanted, valueBytesMax: LINE_BYTES_MAX })
  #step: 'catching up' | 'following' = 'catching up'
  #startedAt = 0
  /** After the last line that was made. */
  #position: Position
  /** The cursor of the entry that must come first. */
  #expected: string | undefined
  /** The entry of the cursor is not to be found: its time says where to go on. */
  #isGone = false
  #lines: Line[] = []
  /** The place where we begin is to be committed. */
  #hasMoved = false
  #overlongLines = 0
  #lostLines = 0

  constructor(
    log: string,
    match: string,
    context: SourceContext,
    { startAt = 'start', journalctl = ['journalctl'], ownUnit = unitOfOurs() }: JournalOptions = {},
  ) {
    this.#ownUnit = ownUnit
    this.log = log
    this.#context = context
    this.#command = journalctl
    this.#matches = argumentsOf(match)
    this.#position = this.#parsePosition(context.position)
    if (context.position === undefined && startAt === 'end') {
      this.#position = { cursor: null, at: context.now() * 1_000, offset: 0 }
      this.#hasMoved = true
    }
    this.#child = new Child(log, context)
    this.#child.start(this.#argv())
  }

  get state(): SourceState {
    const { waitingFor, waitingBytes } = this.#child
    return {
      kind: waitingFor === undefined ? 'reading' : 'waiting',
      ...(waitingFor !== undefined && { reason: waitingFor }),
      behindBytes: waitingBytes + this.#lines.reduce((sum, { text }) => sum + text.length, 0),
      overlongLines: this.#overlongLines,
      lostBytes: 0,
      lostLines: this.#lostLines,
    }
  }

  /** journalctl has not yet come to the end of what there is. */
  get isCatchingUp(): boolean {
    return this.#step === 'catching up' && this.#child.waitingFor === undefined
  }

  read(): Block | undefined {
    if (this.#hasMoved) {
      this.#hasMoved = false
      return this.#block([{ text: '', catchingUp: true, position: this.#position }])
    }
    for (;;) {
      const [first] = this.#lines
      if (first) {
        const end = this.#lines.findIndex(({ catchingUp }) => catchingUp !== first.catchingUp)
        return this.#block(this.#lines.splice(0, end < 0 ? this.#lines.length : end))
      }
      const read = this.#child.read()
      if (!read) return undefined
      if (Buffer.isBuffer(read)) this.#take(read)
      else this.#goOn(read)
    }
  }

  close(): void {
    this.#child.close()
    this.#lines = []
  }

  #block(lines: readonly Line[]): Block {
    const bytes = Buffer.from(lines.map(({ text }) => text).join(''), 'latin1')
    const { catchingUp, position } = lines.at(-1)!
    const offset = position.offset - bytes.length
    return { bytes, offset, writtenBy: this.#context.now(), catchingUp, position: { ...position } }
  }

  #argv(): readonly string[] {
    this.#startedAt = this.#context.now()
    this.#parser.restart()
    const { cursor, at } = this.#position
    this.#expected = cursor === null || this.#isGone ? undefined : cursor
    const from = this.#expected !== undefined ? [`--cursor=${cursor}`] : at > 0 ? [`--since=@${inSeconds(at)}`] : []
    const follow = this.#step === 'following' ? ['--follow'] : []
    const fields = `--output-fields=${[...wanted].filter((name) => !name.startsWith('__')).join(',')}`
    const how = ['--output=export', fields, '--no-pager', '--no-tail', ...follow]
    return [...this.#command, ...how, ...from, ...this.#matches]
  }

  #take(bytes: Buffer): void {
    try {
      for (const entry of this.#parser.take(bytes)) if (!this.#add(entry)) return
    } catch (error) {
      if (!(error instanceof JournalFormatError)) throw error
      this.#child.kill()
      this.#startAgain(`journalctl writes what is not understood (${error.message})`)
    }
  }

  /** False where what comes after it is not to be read. */
  #add(entry: JournalEntry): boolean {
    const { fields, isOverlong } = entry
    const cursor = fields.get('__CURSOR')
    const at = Number(fields.get('__REALTIME_TIMESTAMP'))
    if (cursor === undefined || !Number.isSafeInteger(at)) throw new JournalFormatError('an entry has no cursor or time')
    const isExpected = this.#expected !== undefined
    this.#expected = undefined
    if (this.#position.cursor !== null && identity(cursor) === identity(this.#position.cursor)) return true
    if (isExpected && this.#step === 'catching up') {
      this.#startByTime()
      return false
    }
    this.#isGone = false
    let text = ''
    const isOurs = this.#ownUnit !== undefined && fields.get('_SYSTEMD_UNIT') === this.#ownUnit
    if (fields.get('MESSAGE_ID') === SUPPRESSED && fields.get('_TRANSPORT') === 'driver') this.#tellSuppressed(fields)
    else if (!isOverlong && !isOurs) text = `${lineOf(fields, at)}\n`
    if ((isOverlong && !isOurs) || text.length > LINE_BYTES_MAX + 1) {
      this.#overlongLines++
      text = ''
    }
    this.#position = { cursor, at, offset: this.#position.offset + text.length }
    this.#lines.push({ text, catchingUp: at / 1_000 < this.#startedAt, position: this.#position })
    return true
  }

  #goOn({ status, how, lastSaid }: ChildEnd): void {
    // An empty journal, or one that holds nothing from here on: the entry of the cursor is gone, too.
    const isNotThere = this.#step === 'catching up' && this.#expected !== undefined
    if (isNotThere && (status === 0 || /cursor/i.test(lastSaid))) this.#startByTime()
    else if (this.#step === 'catching up' && status === 0) {
      this.#step = 'following'
      this.#child.start(this.#argv())
    } else this.#startAgain(`journalctl ended (${how})`)
  }

  #startAgain(why: string): void {
    this.#step = 'catching up'
    this.#child.startAgain(why, () => this.#argv())
  }

  #startByTime(): void {
    const since = isoTime(Math.floor(this.#position.at / 1_000))
    this.#context.say(
      'warning',
      `${this.log}: the entry that was read last is gone, vacuumed perhaps; what came right after it may be lost; going on with what was written since ${since}`,
    )
    this.#isGone = true
    this.#child.kill()
    this.#child.start(this.#argv())
  }

  #tellSuppressed(fields: JournalEntry['fields']): void {
    const message = fields.get('MESSAGE') ?? ''
    const [, number, service] = /^Suppressed (\d+) messages from (\S+)/.exec(message) ?? []
    const count = Number(fields.get('N_DROPPED') ?? number)
    if (Number.isSafeInteger(count)) this.#lostLines += count
    const from = /^[\w.@:/\\-]+$/.test(service ?? '') ? service : 'a service'
    this.#context.say(
      'warning',
      `${this.log}: journald has let ${count} messages of ${from} go; raise RateLimitBurst in journald.conf, or LogRateLimitBurst of the unit`,
    )
  }

  #parsePosition(position: Json | undefined): Position {
    const begin: Position = { cursor: null, at: 0, offset: 0 }
    if (position === undefined) return begin
    if (isPosition(position)) return position
    this.#context.say('warning', `${this.log}: its stored position is not one of a journal; reading it from its start`)
    return begin
  }
}

/** What is wrong with what stands after `journal:`; undefined where nothing is. */
export function journalFault(rest: string): string | undefined {
  if (rest === '' || unitPattern.test(rest)) return undefined
  const isField = rest.split(' ').every((word) => word === '+' || fieldPattern.test(word))
  if (isField && fieldPattern.test(rest) && !rest.endsWith('+')) return undefined
  return 'write a unit ("journal:ssh.service"), a field ("journal:_COMM=sshd"), or nothing for the whole journal'
}

const unitPattern = /^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*$/
const fieldPattern = /^[A-Z_][A-Z0-9_]*=/

function argumentsOf(match: string): readonly string[] {
  if (match === '') return []
  if (!fieldPattern.test(match)) return [`--unit=${match}`]
  // Of a unit journalctl itself finds what journald says of it.
  return [...match.split(' '), '+', `MESSAGE_ID=${SUPPRESSED}`]
}

/** The same entry may have another sequence number in another file: the journal of early boot is copied to the disk. */
function identity(cursor: string): string {
  return cursor
    .split(';')
    .filter((part) => /^[bmtx]=/.test(part))
    .join(';')
}

function inSeconds(us: number): string {
  return `${Math.floor(us / 1e6)}.${String(Math.floor(us % 1e6)).padStart(6, '0')}`
}

/** `2026-11-21T10:00:00.123456+00:00 www sshd[4711]: ...` */
function lineOf(fields: JournalEntry['fields'], at: number): string {
  const toMs = isoTime(Math.floor(at / 1_000))
  return syslogLine({
    time: `${toMs.slice(0, -1)}${String(at % 1_000).padStart(3, '0')}+00:00`,
    host: fields.get('_HOSTNAME') ?? 'localhost',
    tag: fields.get('SYSLOG_IDENTIFIER') ?? fields.get('_COMM') ?? 'unknown',
    processId: fields.get('_PID') ?? fields.get('SYSLOG_PID'),
    message: fields.get('MESSAGE') ?? '',
  })
}

function isPosition(value: Json): value is Json & Position {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { cursor, at, offset } = value as { readonly [key: string]: Json }
  return (cursor === null || typeof cursor === 'string') && Number.isSafeInteger(at) && Number.isSafeInteger(offset)
}
