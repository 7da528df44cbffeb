import { ipfw } from './ipfw.ts'
import { netfilter } from './netfilter.ts'
import { pflog } from './pflog.ts'

/** Who knocks at doors that are shut, whatever firewall says so: packets of pf's log or of NFLOG, and lines of the kernel's log. */
export const portScan = [...pflog, ...netfilter, ...ipfw]
