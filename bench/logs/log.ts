import { accessLog } from './access.ts'
import { authLog } from './auth.ts'
import { type Hosts, hosts } from './hosts.ts'
import { Random } from './random.ts'
import { type Episode, Timeline } from './timeline.ts'

export type LogKind = 'auth' | 'access'

export interface LogOptions {
  readonly kind: LogKind
  readonly lines: number
  readonly seed: number
  /** Instant of the first line (ms), and how many days the log spans; a span over New Year is as good as any. */
  readonly startAt: number
  readonly days: number
}

/** What a finished log holds. */
export interface LogSummary {
  readonly lines: number
  readonly attackLines: number
  /** Instant of the last line, in ms; what the file's time of change should be, for dates without a year. */
  readonly lastAt: number
}

/** A kind of log: how its lines begin, what happens in it, and which share of its lines (percent) attacks are. */
export interface LogWords {
  readonly attackPercent: number
  /** Starts one more attack, or one more harmless thing, now. */
  attack(world: World): Episode
  noise(world: World): Episode
}

/** What episodes see of the log that they happen in. */
export interface World {
  readonly random: Random
  readonly hosts: Hosts
  readonly lines: number
  /** The instant (ms) of the step that runs. */
  readonly now: number
  /** How much of the log is written, from 0 to 1. */
  readonly progress: number
  /** Writes one line, without its end; lines of attacks are counted. */
  write(line: string, isAttack: boolean): void
  /** Starts something that goes on beside what runs now. */
  start(episode: Episode): void
}

/** As much text as is handed out at once. */
const CHUNK_CHARACTERS = 1 << 20

/**
 * A log as chunks of text, the same for the same options. Its lines are in the order of their times, spread evenly over
 * the span; attacks take the share of the lines that the kind of log says.
 */
export function* generateLog(options: LogOptions): Generator<string, LogSummary, void> {
  const words = options.kind === 'auth' ? authLog : accessLog
  const timeline = new Timeline()
  const random = new Random(options.seed)
  const spanMs = options.days * 86_400_000
  let chunk = ''
  let lines = 0
  let attackLines = 0
  let now = options.startAt
  const world: World = {
    random,
    hosts: hosts(random, options.lines),
    lines: options.lines,
    get now() {
      return now
    },
    get progress() {
      return lines / options.lines
    },
    write(line, isAttack) {
      if (lines === options.lines) return
      lines++
      if (isAttack) attackLines++
      chunk += `${line}\n`
    },
    start(episode) {
      timeline.start(now, episode)
    },
  }
  while (lines < options.lines) {
    const evenlyAt = options.startAt + (lines / options.lines) * spanMs
    if (timeline.dueAt <= evenlyAt) {
      now = timeline.dueAt
      timeline.step()
    } else {
      now = Math.max(now, Math.floor(evenlyAt / 1000) * 1000)
      const isAttack = attackLines * 100 < lines * words.attackPercent
      timeline.start(now, isAttack ? words.attack(world) : words.noise(world))
    }
    if (chunk.length >= CHUNK_CHARACTERS) {
      yield chunk
      chunk = ''
    }
  }
  yield chunk
  return { lines, attackLines, lastAt: now }
}
