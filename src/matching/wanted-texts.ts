import type { Candidate } from './candidate.ts'

/** The texts that WebAssembly writes down of each match of a candidate. They are numbered: those of the pattern, then of its prefix. */
export interface WantedTexts {
  /** By their groups: those with names first, in their order. */
  readonly ofPattern: readonly number[]
  readonly ofHead: readonly number[]
  /** The numbers of some, where there are such. */
  readonly session: number | undefined
  readonly headSession: number | undefined
  readonly times: number | undefined
}

export function wantedTexts({ groups, sessionGroup, head }: Pick<Candidate, 'groups' | 'sessionGroup' | 'head'>): WantedTexts {
  const ofPattern = [...groups.values()]
  const ofHead: number[] = []
  let number = ofPattern.length
  const add = (group: number | undefined, groups: number[]) => {
    if (group === undefined) return undefined
    groups.push(group)
    return number++
  }
  const session = add(sessionGroup, ofPattern)
  return { ofPattern, ofHead, session, headSession: add(head?.sessionGroup, ofHead), times: add(head?.timesGroup, ofHead) }
}
