/**
 * What the sets for blocked packets have in common (netfilter.ts, ipfw.ts, pflog.ts).
 *
 * A firewall writes its lines alone, so nobody can put words into them; but the source of a packet is whatever its sender
 * writes there, and a lone SYN proves nothing: all of it is `spoofable`. Only what opens a connection counts. Packets that
 * belong to none any more (ACK, PSH, FIN, RST) are what honest peers send when we have forgotten them; ICMP is the network's.
 */

/** Telnet, SMB, RDP, databases, debuggers, Docker, cameras: nobody calls there by mistake. */
export const baitPorts = [
  23, 135, 139, 445, 1433, 1434, 2323, 2375, 3306, 3389, 4444, 5432, 5555, 5900, 5901, 6379, 7547, 9200, 11211, 27017, 37215,
  60023,
]

export const bait = `(?:${baitPorts.join('|')})`

export const port = String.raw`(?<port>\d{1,5})`
