/** One who is in a table for life, as its kept file shows him. */
export interface KeptEntry {
  /** Canonical text. */
  readonly address: string
  /** When and why; printable characters only. */
  readonly note: string
}

const HEADER = '# Written by log2table, and written anew when somebody comes or goes; see "log2table parole".'
export const KEPT_NOTE_LENGTH_MAX = 300
export const KEPT_ENTRIES_MAX = 100_000

/** `203.0.113.9 # 2026-11-21 hackers: 17 listings and 5 bans within 90d`, one a line; pf takes a comment to the end of its line. */
export function keptText(entries: readonly KeptEntry[]): string {
  return `${HEADER}\n${entries.map(({ address, note }) => `${address} # ${note}\n`).join('')}`
}

/** Whether it is a text of ours; an empty one may be. */
export function isKeptText(text: string): boolean {
  return text === '' || text.startsWith(HEADER)
}
