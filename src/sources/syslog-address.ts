import { isIPv4, isIPv6 } from 'node:net'

/** Where messages are taken from. */
export type SyslogAddress =
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const SYSLOG_FORMS = '"syslog:udp://127.0.0.1:5514", "syslog:tcp://[::1]:5514" or "syslog:unix:///run/log2table.sock"'
/** The kernel has room for so much, on the BSDs for 104. */
const SOCKET_PATH_BYTES_MAX = 103

/** What stands after `syslog:`; undefined where it is not understood. No host names: nobody is asked what they mean. */
export function parseSyslogAddress(rest: string): SyslogAddress | undefined {
  const [, path] = /^unix:\/\/(\/.*[^/])$/.exec(rest) ?? []
  if (path !== undefined) return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX ? { kind: 'unix', path } : undefined
  const [, kind, ipv6, ipv4, digits] = /^(udp|tcp):\/\/(?:\[([\da-fA-F:.]+)\]|([\d.]+)):(\d{1,5})$/.exec(rest) ?? []
  const host = ipv6 ?? ipv4 ?? ''
  const port = Number(digits)
  if (!(ipv6 === undefined ? isIPv4(host) : isIPv6(host)) || port < 1 || port > 65_535) return undefined
  return { kind: kind === 'udp' ? 'udp' : 'tcp', host, port }
}

/** What is wrong with what stands after `syslog:`; undefined where nothing is. */
export function syslogFault(rest: string): string | undefined {
  return parseSyslogAddress(rest) ? undefined : `write ${SYSLOG_FORMS}`
}
