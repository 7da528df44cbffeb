import { escapeText, jsonLine } from './escape.ts'
import { type Instant, isoTime } from './units.ts'

/** How much a line of our own log matters, the most first. `detail` is for finding out what is going on. */
export const levels = ['error', 'warning', 'info', 'detail'] as const
export type Level = (typeof levels)[number]

/**
 * How a line is written: as text without a time, which whoever keeps it adds; as JSON with one; or as text with the mark from
 * which systemd's journal knows how much it matters.
 */
export const logFormats = ['text', 'json', 'journald'] as const
export type LogFormat = (typeof logFormats)[number]

/** Values that belong to a line: shown as `name=value` after it, strange text escaped. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Our own log: one line a fact. What a stranger wrote goes into fields only, never into the message. */
export interface Log {
  error(message: string, fields?: LogFields): void
  warning(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  detail(message: string, fields?: LogFields): void
}

export interface LogOptions {
  /** Lines that matter less are left out. Default `info`. */
  readonly level?: Level
  readonly format?: LogFormat
  /** For a format with times. */
  readonly now?: () => Instant
}

/** A log that hands finished lines to `write`. */
export function logTo(
  write: (line: string, level: Level) => void,
  { level: least = 'info', format = 'text', now = () => 0 }: LogOptions = {},
): Log {
  const line: Record<LogFormat, (level: Level, message: string, fields: LogFields) => string> = {
    text: textLine,
    json: (level, message, fields) => jsonLine({ at: isoTime(now()), level, message, ...(hasAny(fields) && { fields }) }),
    // The mark holds for one line: a message of several would lose it.
    journald: (level, message, fields) => `<${priorities[level]}>${textLine(level, message, fields).replaceAll('\n', '\\x0a')}`,
  }
  const at = (level: Level) =>
    levels.indexOf(level) > levels.indexOf(least)
      ? () => {}
      : (message: string, fields: LogFields = {}) => write(line[format](level, message, fields), level)
  return { error: at('error'), warning: at('warning'), info: at('info'), detail: at('detail') }
}

/** A log that says nothing, for tests and for commands whose output is something else. */
export const silentLog: Log = logTo(() => {})

/** As syslog counts. */
const priorities: Readonly<Record<Level, number>> = { error: 3, warning: 4, info: 6, detail: 7 }

const hasAny = (fields: LogFields) => Object.values(fields).some((value) => value !== undefined)

function textLine(level: Level, message: string, fields: LogFields): string {
  return `${level === 'info' ? '' : `${level}: `}${message}${formatFields(fields)}`
}

function formatFields(fields: LogFields): string {
  let text = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const shown = escapeText(String(value))
    text += ` ${name}=${/[\s"=]/.test(shown) || shown === '' ? `"${shown.replaceAll('"', '\\"')}"` : shown}`
  }
  return text
}
