/** RFC 3164; ISO 8601 as of Debian 12 and journalctl; RFC 5424; multilog; and FreeBSD's `<mail.info>` behind it. */
export const date = String.raw`^(?:<\d{1,3}>(?:1 )?)?(?:[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?|@[\da-f]{24}) (?:<[a-z\d]+\.[a-z\d]+> )?`

/** It may be missing, but its place is never taken by another program, whose name would end in a colon. */
export const host = String.raw`(?:[\w.:-]*[\w.-] )?`

/** What a line of syslog begins with, to the program's name. */
export const stamp = date + host

/** What rsyslog makes of lines that come again. */
const repeated = String.raw`(?:message repeated (?<times>\d{1,9}) times: \[ )?`

/**
 * What every line of a program begins with: stamp, name, process id (the session: for programs that have a process for each
 * client). `program` is the source of a regex, and so is `more`, which stands between that and the messages.
 */
export function syslogPrefix(program: string, more = ''): RegExp {
  return new RegExp(String.raw`${stamp}(?:${program})(?:(?:\[| )(?<session>\d+)\]?)?(?::| - -) ${repeated}${more}`)
}

/** The same for a program whose one process serves everybody, so that its process id ties nothing together. */
export function sharedSyslogPrefix(program: string, more = ''): RegExp {
  return new RegExp(String.raw`${stamp}(?:${program})(?:(?:\[| )\d+\]?)?(?::| - -) ${repeated}${more}`)
}
