import { escapeControls, syslogLine } from './syslog-line.ts'

/** What a message is given where it does not say it itself. */
export interface Received {
  /** As it is to stand in the line. */
  readonly time: string
  /** Who sent it. */
  readonly host: string
}

/** `Nov 21 10:00:00`, with a year or a fraction, or ISO 8601 as rsyslog forwards it. */
const time =
  /^(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) /
const header5424 = /^1 (\S+) (\S+) (\S+) (\S+) \S+ /
const NIL = '-'
/** A byte order mark, as the RFC has it, or the space that rsyslog leaves of `TAG: MESSAGE`. */
const beforeMessage = /^(?:\xef\xbb\xbf)? ?/

/**
 * A message of syslog as the line that syslogd would have written, without a line feed: `TIME HOST TAG[PID]: MESSAGE`.
 * Takes RFC 5424, RFC 3164, and what programs say to their own machine's syslogd, which leaves out the host. Latin-1: each
 * character is a byte. What a message does not say is filled in; nothing is refused.
 */
export function lineOfMessage(message: string, received: Received): string {
  const [priority = ''] = /^<\d{1,3}>/.exec(message) ?? []
  const text = message.slice(priority.length)
  const header = priority === '' ? null : header5424.exec(text)
  const body = header && afterStructuredData(text.slice(header[0].length))
  if (!header || body === undefined || body === null) return lineOf3164(text, received)
  const [, at = NIL, host = NIL, app = NIL, processId = NIL] = header
  return syslogLine({
    time: at === NIL ? received.time : escapeControls(at),
    host: host === NIL ? received.host : host,
    tag: app,
    processId: processId === NIL ? undefined : processId,
    message: body.replace(beforeMessage, ''),
  })
}

function lineOf3164(text: string, received: Received): string {
  const [written] = time.exec(text) ?? []
  if (written === undefined) return `${received.time} ${received.host} ${escapeControls(text)}`
  const rest = text.slice(written.length)
  // A name that ends in a colon, or holds a bracket, is a program's: the host was left out.
  const isHost = /^[^\s[\]]*[^\s[\]:] /.test(rest)
  return `${written}${isHost ? '' : `${received.host} `}${escapeControls(rest)}`
}

/** What stands behind the structured data; undefined where that is not well-formed. */
function afterStructuredData(text: string): string | undefined {
  const [data] = /^(?:-|(?:\[[^\s="\]]+(?: [^\s="\]]+="(?:[^"\\]|\\[\s\S])*")*\])+)(?: |$)/.exec(text) ?? []
  return data === undefined ? undefined : text.slice(data.length)
}
