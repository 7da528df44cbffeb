import { escapeText } from './escape.ts'

/** How much a line of our own log matters. `detail` is shown with `run -d` only. */
export type Level = 'error' | 'warning' | 'info' | 'detail'

/** Values that belong to a line: shown as `name=value` after it, strange text escaped. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Our own log: one line a fact. What a stranger wrote goes into fields only, never into the message. */
export interface Log {
  error(message: string, fields?: LogFields): void
  warning(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  detail(message: string, fields?: LogFields): void
}

/** A log that hands finished lines to `write`, those of `detail` only when asked for. */
export function logTo(write: (line: string, level: Level) => void, { detail = false }: { detail?: boolean } = {}): Log {
  const at = (level: Level) => (message: string, fields?: LogFields) =>
    write(`${level === 'info' ? '' : `${level}: `}${message}${formatFields(fields)}`, level)
  return { error: at('error'), warning: at('warning'), info: at('info'), detail: detail ? at('detail') : () => {} }
}

/** A log that says nothing, for tests and for commands whose output is something else. */
export const silentLog: Log = logTo(() => {})

function formatFields(fields: LogFields = {}): string {
  let text = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const shown = escapeText(String(value))
    text += ` ${name}=${/[\s"=]/.test(shown) || shown === '' ? `"${shown.replaceAll('"', '\\"')}"` : shown}`
  }
  return text
}
