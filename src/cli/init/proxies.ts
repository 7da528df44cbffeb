import { bitsOf, formatNetwork, networkOf, parseAddress } from '../../base/address.ts'
import { isStarted } from './rc-conf.ts'
import type { Site } from './site.ts'
import { apacheFiles, nginxFiles } from './web-servers.ts'

/** A proxy in front of a server, and the file that says so. */
export interface FoundProxy {
  readonly network: string
  readonly from: string
}

/** Whose configuration may name proxies, and how. */
const sources: readonly {
  readonly files: readonly string[]
  readonly read: (text: string) => readonly string[]
  readonly rc?: string
}[] = [
  { files: nginxFiles, read: proxiesOfNginx },
  { files: apacheFiles, read: proxiesOfApache },
  { files: ['/etc/haproxy/haproxy.cfg', '/usr/local/etc/haproxy.conf', '/etc/haproxy.cfg'], read: proxiesOfHaproxy },
  { files: ['/etc/relayd.conf', '/usr/local/etc/relayd.conf'], read: proxiesOfRelayd, rc: 'relayd' },
]

/** The proxies that the configuration of the web servers names, and those on this machine in front of them. */
export function findProxies(site: Site): readonly FoundProxy[] {
  const found = new Map<string, FoundProxy>()
  for (const { files, read, rc } of sources) {
    if (rc !== undefined && isStarted(site, rc) === false) continue
    for (const file of files.flatMap(site.pathsOf)) {
      for (const word of read(site.textOf(file) ?? '')) {
        const text = networkIn(word)
        if (text !== undefined && !found.has(text)) found.set(text, { network: text, from: file })
      }
    }
  }
  return [...found.values()]
}

/** Wider networks are no proxies: who trusts the whole world must not have it spared. */
const BITS_MIN_IPV4 = 8
const BITS_MIN_IPV6 = 16

/** An address or a network, whose host bits are cut off as servers do. */
function networkIn(word: string): string | undefined {
  const [, host = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(word) ?? []
  const address = parseAddress(host)
  if (address === undefined) return undefined
  const bits = length === undefined ? bitsOf(address) : Number(length)
  const bitsMin = typeof address === 'number' ? BITS_MIN_IPV4 : BITS_MIN_IPV6
  return bits < bitsMin || bits > bitsOf(address) ? undefined : formatNetwork(networkOf(address, bits))
}

/** `set_real_ip_from 192.0.2.0/24;` of the module realip; names and `unix:` are no addresses. */
export function proxiesOfNginx(text: string): readonly string[] {
  const directives = text.replaceAll(/#.*/g, '').matchAll(/\bset_real_ip_from\s+([^\s;]+)/g)
  return [...directives].map(([, address]) => address!)
}

/** `RemoteIPInternalProxy` and `RemoteIPTrustedProxy` of mod_remoteip, each with one address or more. */
export function proxiesOfApache(text: string): readonly string[] {
  const lines = text.matchAll(/^[ \t]*RemoteIP(?:Internal|Trusted)Proxy[ \t]+(.+)$/gim)
  return [...lines].flatMap(([, words]) => words!.trim().split(/\s+/))
}

/** HAProxy hands on to a server of this machine, which sees loopback in its place: `server web 127.0.0.1:8080`. */
export function proxiesOfHaproxy(text: string): readonly string[] {
  return loopbackIn(text.matchAll(/^[ \t]*server[ \t]+\S+[ \t]+(?:ipv[46]@)?(127\.0\.0\.1|\[?::1\]?):\d/gm))
}

/** The same of relayd: `forward to 127.0.0.1 port 8080`, `table <web> { 127.0.0.1 }`. */
export function proxiesOfRelayd(text: string): readonly string[] {
  return loopbackIn(text.matchAll(/^[ \t]*(?:forward to|table <\w+> \{)[ \t]+(127\.0\.0\.1|::1)\b/gm))
}

function loopbackIn(matches: Iterable<RegExpMatchArray>): readonly string[] {
  return [...matches].map(([, address]) => address!.replace(/[[\]]/g, ''))
}
