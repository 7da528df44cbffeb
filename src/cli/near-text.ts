import { escapeText } from '../base/escape.ts'
import type { NearMiss } from '../matching/near-miss.ts'
import { nameOf } from '../matching/pattern.ts'

/** Where a line and a pattern part, for a person. */
export function nearText({ fits, wants }: Pick<NearMiss, 'fits' | 'wants'>): string {
  if (wants === '') return 'fits, but another pattern counts'
  return `fits up to "${escapeText(fits.slice(-60))}", then wants ${escapeSource(wants)}`
}

/** The same for JSON. */
export function nearRecord({ pattern, share, fits, wants }: NearMiss): object {
  return { pattern: nameOf(pattern), share, fits, wants }
}

/** Backslashes stay single: a regex is shown as it is to be written. */
function escapeSource(source: string): string {
  return source.split('\\').map(escapeText).join('\\')
}
