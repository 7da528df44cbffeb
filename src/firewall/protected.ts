import { formatNetwork, type Network, networkOf, parseAddress, parseNetwork } from '../base/address.ts'
import type { ProtectedNetwork } from '../core/model.ts'

/** What must never be banned on any machine. No packet of the internet has one of these as its source, or a ban of it would cut us off. */
export const alwaysProtected: readonly ProtectedNetwork[] = (
  [
    ['0.0.0.0/8', 'unspecified address'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link-local'],
    ['224.0.0.0/4', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified address'],
    ['::1', 'loopback'],
    ['fe80::/10', 'link-local'],
    ['ff00::/8', 'multicast'],
  ] as const
).map(([text, because]) => ({ network: parseNetwork(text)!, because }))

/** What is protected now: while something cannot be read, what was protected before stays so. */
export function withoutLoss(
  before: readonly ProtectedNetwork[],
  { networks, troubles }: { readonly networks: readonly ProtectedNetwork[]; readonly troubles: readonly string[] },
): readonly ProtectedNetwork[] {
  if (troubles.length === 0) return networks
  const known = new Set(networks.map(({ network }) => formatNetwork(network)))
  return [...networks, ...before.filter(({ network }) => !known.has(formatNetwork(network)))]
}

/** An interface's addresses as `os.networkInterfaces` tells them. */
export type Interfaces = Readonly<Record<string, readonly { readonly address: string }[] | undefined>>

export function ownAddresses(interfaces: Interfaces): readonly ProtectedNetwork[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ address }) => single(address, `own address of ${name}`)),
  )
}

const RTF_GATEWAY = 0x2

/**
 * Gateways of `/proc/net/route`: columns Iface, Destination, Gateway, Flags and more, under a headline. Addresses are
 * hexadecimal in the byte order of the machine.
 */
export function gatewaysOfRoute(text: string, byteOrder: 'LE' | 'BE'): readonly ProtectedNetwork[] {
  return rows(text).flatMap(([name, , gateway, flags]) => {
    if (!/^[\dA-F]{8}$/i.test(gateway ?? '') || !isGateway(flags)) return []
    const bytes = Buffer.from(gateway!, 'hex')
    const address = byteOrder === 'LE' ? bytes.readUInt32LE() : bytes.readUInt32BE()
    return [{ network: networkOf(address), because: `gateway of ${name}` }]
  })
}

/** Gateways of `/proc/net/ipv6_route`: destination, its length, source, its length, next hop, metric, two counters, flags, name. */
export function gatewaysOfIPv6Route(text: string): readonly ProtectedNetwork[] {
  return rows(text).flatMap((columns) => {
    const [nextHop, flags, name] = [columns[4], columns[8], columns[9]]
    if (!/^[\da-f]{32}$/i.test(nextHop ?? '') || !isGateway(flags)) return []
    return [{ network: networkOf(BigInt(`0x${nextHop}`)), because: `gateway of ${name}` }]
  })
}

function isGateway(flags = ''): boolean {
  return /^[\da-f]+$/i.test(flags) && (Number.parseInt(flags, 16) & RTF_GATEWAY) !== 0
}

/** Gateways that `netstat -rn` of a BSD prints: the second column, where the third, the flags, has a G. */
export function gatewaysOfNetstat(text: string): readonly ProtectedNetwork[] {
  return rows(text).flatMap(([destination, gateway = '', flags = '']) =>
    /^[A-Za-z\d]*G[A-Za-z\d]*$/.test(flags) ? single(gateway, `gateway of ${destination}`) : [],
  )
}

/** The `nameserver` lines of `resolv.conf`. */
export function resolversOf(text: string): readonly ProtectedNetwork[] {
  return rows(text).flatMap(([key, address = '']) => (key === 'nameserver' ? single(address, 'resolver') : []))
}

/** Who is logged in by ssh in an environment, and where to: SSH_CONNECTION (and SSH_CLIENT, which is older). */
export function sshPeersOf(environment: Readonly<Record<string, string | undefined>>): readonly ProtectedNetwork[] {
  const peer = (text = '') => single(text.split(' ')[0]!, 'your own ssh connection')
  const connection = peer(environment.SSH_CONNECTION)
  return connection.length > 0 ? connection : peer(environment.SSH_CLIENT)
}

/** Systems add a zone (`fe80::1%eth0`); it says where, not who. */
function single(text: string, because: string): { network: Network; because: string }[] {
  const address = parseAddress(text.replace(/%.*$/, ''))
  return address === undefined ? [] : [{ network: networkOf(address), because }]
}

function rows(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(/\s+/))
}
