import { readFileSync, statSync } from 'node:fs'
import { type Network, parseNetwork } from '../base/address.ts'
import { explainAddress } from '../base/address-faults.ts'
import type { ValueFault } from '../base/value.ts'

/** What a file of networks says. */
export interface IgnoreFile {
  readonly networks: readonly Network[]
  readonly faults: readonly IgnoreFileFault[]
}

export interface IgnoreFileFault extends ValueFault {
  /** From 1. */
  readonly line: number
}

/** One address or network a line; `#` begins a comment; empty lines are nothing. */
export function parseIgnoreFile(text: string): IgnoreFile {
  const networks: Network[] = []
  const faults: IgnoreFileFault[] = []
  for (const [index, whole] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const entry = whole.replace(/#.*/, '').trim()
    if (entry === '') continue
    const network = parseNetwork(entry)
    if (network) networks.push(network)
    else faults.push({ line: index + 1, message: explainAddress(entry)! })
  }
  return { networks, faults }
}

/** The networks of a file, or why they are not known. Then nobody may be banned: it could be a friend. */
export type IgnoreFileReading =
  | { readonly networks: readonly Network[]; readonly trouble?: undefined }
  | { readonly networks?: undefined; readonly trouble: readonly IgnoreFileTrouble[] }

export interface IgnoreFileTrouble extends ValueFault {
  /** Undefined where the file as a whole cannot be read. */
  readonly line?: number
}

/** About 250,000 networks. */
const IGNORE_FILE_BYTES_MAX = 8 * 1024 * 1024

export function readIgnoreFile(path: string): IgnoreFileReading {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return { trouble: [{ message: 'is no file', hint: 'write the path of a file with one network a line' }] }
    if (stat.size > IGNORE_FILE_BYTES_MAX) return { trouble: [{ message: `has more than ${IGNORE_FILE_BYTES_MAX} bytes` }] }
    const { networks, faults } = parseIgnoreFile(readFileSync(path, 'utf8'))
    return faults.length > 0 ? { trouble: faults } : { networks }
  } catch (error) {
    return { trouble: [unreadable(error)] }
  }
}

function unreadable(error: unknown): ValueFault {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return { message: 'does not exist', hint: 'make it (it may be empty), or take it out of ignore' }
  if (code === 'EACCES') return { message: 'permission denied', hint: 'make it readable for the user that runs log2table' }
  return { message }
}
