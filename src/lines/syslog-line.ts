/**
 * What a line of syslog is made of. Texts are Latin-1: each character is a byte. That is how the bytes of a log come
 * through unchanged, whatever they mean.
 */
export interface SyslogParts {
  /** As it is to stand in the line. */
  readonly time: string
  readonly host: string
  readonly tag: string
  /** Undefined where it is not known. */
  readonly processId: string | undefined
  readonly message: string
}

/** A line as syslogd would have written it, without its line feed: `TIME HOST TAG[PID]: MESSAGE`. */
export function syslogLine({ time, host, tag, processId, message }: SyslogParts): string {
  const process = processId === undefined ? '' : `[${word(processId)}]`
  return `${time} ${word(host)} ${word(tag)}${process}: ${escapeControls(message)}`
}

/**
 * Control characters as rsyslog writes them, `#012` for a line feed: a message stays on its line, and cannot begin another.
 * Tabs are left alone.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, (c) => `#${c.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

/** Whatever would end a name in the line, and so let it pass for something else, becomes `_`. */
function word(text: string): string {
  return text.replace(/[\u0000-\u0020\u007f[\]]|:(?=$|\s)/g, '_') || '-'
}
