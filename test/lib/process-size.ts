import { readdirSync, readFileSync } from 'node:fs'

/** What a process holds; asked of the kernel, so that the process has no part in it. Linux only. */
export interface ProcessSize {
  readonly rssMiB: number
  readonly descriptors: number
}

export function sizeOf(pid: number): ProcessSize {
  const rssKib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return { rssMiB: Number(rssKib) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length }
}

/** What was measured at the beginning and at the end: the medians of the first and of the last `part` of all. */
export function firstAndLast(measured: readonly number[], part = 0.1): { readonly first: number; readonly last: number } {
  const count = Math.max(1, Math.floor(measured.length * part))
  return { first: median(measured.slice(0, count)), last: median(measured.slice(-count)) }
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
