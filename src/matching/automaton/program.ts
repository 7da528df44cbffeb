import { type AST, visitRegExpAST } from '@eslint-community/regexpp'
import { type ByteSet, byteSetOf, everyByte } from './byte-set.ts'
import { InexpressibleError } from './inexpressible.ts'

/** The nodes of one program, its counts written out. */
const NODES_MAX = 4_000

/** A node of the program; `next`, `first` and `second` are nodes by their numbers. */
export type Node =
  | ByteNode
  | MatchNode
  /** Goes either way, and rather the first. */
  | { readonly kind: 'split'; first: number; second: number }
  /** Marks where a group begins (slot 2n) or ends (2n + 1). */
  | { readonly kind: 'mark'; readonly slot: number; readonly next: number }
  /** Forgets what the slots from `from` to `to` - 1 hold: every turn of a loop begins with its groups undefined. */
  | { readonly kind: 'forget'; readonly from: number; readonly to: number; readonly next: number }
  /** Goes on only where the position is such a one. */
  | { readonly kind: 'assert'; readonly position: 'start' | 'end' | 'boundary' | 'no boundary'; readonly next: number }
  /** A turn of a loop that may not be empty begins, and ends. */
  | { readonly kind: 'enter'; readonly loop: number; readonly next: number }
  | { readonly kind: 'leave'; readonly loop: number; readonly next: number }

/** Takes one byte of the set. */
export interface ByteNode {
  readonly kind: 'byte'
  readonly set: number
  readonly next: number
}

export interface MatchNode {
  readonly kind: 'match'
}

/** A regex as a graph whose paths, in the order of their priority, are the ways in which JavaScript would try to match. */
export interface Program {
  readonly nodes: readonly Node[]
  readonly match: number
  /** Where a match begins. */
  readonly start: number
  /** Where a search begins, which passes over the bytes before the leftmost match. */
  readonly search: number
  readonly sets: readonly ByteSet[]
  /** Without the whole match. */
  readonly groupCount: number
  readonly groupNames: ReadonlyMap<string, number>
  readonly asksForWords: boolean
}

/** Throws an InexpressibleError. */
export function programOf(pattern: AST.Pattern, ignoresCase: boolean): Program {
  return new Builder(pattern, ignoresCase).program
}

/** Builds from the end to the beginning: each part is told the node that follows it, and gives the one it begins with. */
class Builder {
  readonly program: Program
  readonly #nodes: Node[] = []
  readonly #sets: ByteSet[] = []
  readonly #setNumbers = new Map<string, number>()
  readonly #groups: AST.CapturingGroup[] = []
  readonly #ignoresCase: boolean
  #loopCount = 0
  #asksForWords = false

  constructor(pattern: AST.Pattern, ignoresCase: boolean) {
    this.#ignoresCase = ignoresCase
    visitRegExpAST(pattern, { onCapturingGroupEnter: (group) => this.#groups.push(group) })
    const match = this.#add({ kind: 'match' })
    const end = this.#add({ kind: 'mark', slot: 1, next: match })
    const start = this.#add({ kind: 'mark', slot: 0, next: this.#alternatives(pattern.alternatives, end) })
    const search = this.#loop(false, start, (loop) =>
      this.#add({ kind: 'byte', set: this.#setNumber('', () => everyByte), next: loop }),
    )
    this.program = {
      nodes: this.#nodes,
      match,
      start,
      search,
      sets: this.#sets,
      groupCount: this.#groups.length,
      groupNames: new Map(this.#groups.flatMap(({ name }, index) => (name === null ? [] : [[name, index + 1]]))),
      asksForWords: this.#asksForWords,
    }
  }

  #add(node: Node): number {
    if (this.#nodes.length === NODES_MAX) throw new InexpressibleError('written out, its counts make it too large')
    return this.#nodes.push(node) - 1
  }

  #alternatives(alternatives: readonly AST.Alternative[], next: number): number {
    return alternatives
      .map(({ elements }) => elements.reduceRight((following, element) => this.#element(element, following), next))
      .reduceRight((second, first) => this.#add({ kind: 'split', first, second }))
  }

  #element(element: AST.Element, next: number): number {
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
        return this.#byte(element, next)
      case 'CharacterClass':
        if (element.unicodeSets) break
        return this.#byte(element, next)
      case 'Group':
        if (element.modifiers) break
        return this.#alternatives(element.alternatives, next)
      case 'CapturingGroup': {
        const slot = 2 * (this.#groups.indexOf(element) + 1)
        const end = this.#add({ kind: 'mark', slot: slot + 1, next })
        return this.#add({ kind: 'mark', slot, next: this.#alternatives(element.alternatives, end) })
      }
      case 'Quantifier':
        return this.#quantifier(element, next)
      case 'Assertion':
        if (element.kind === 'lookahead' || element.kind === 'lookbehind')
          throw new InexpressibleError(`it has a ${element.kind}, ${element.raw}`)
        if (element.kind !== 'word') return this.#add({ kind: 'assert', position: element.kind, next })
        this.#asksForWords = true
        return this.#add({ kind: 'assert', position: element.negate ? 'no boundary' : 'boundary', next })
      case 'Backreference':
        throw new InexpressibleError(`it has a backreference, ${element.raw}`)
    }
    throw new InexpressibleError(`it has ${element.raw}, which is not known here`)
  }

  #byte(of: AST.Character | AST.ClassRangesCharacterClass | AST.CharacterSet, next: number): number {
    return this.#add({ kind: 'byte', set: this.#setNumber(of.raw, () => byteSetOf(of, this.#ignoresCase)), next })
  }

  #setNumber(name: string, make: () => ByteSet): number {
    const known = this.#setNumbers.get(name)
    if (known !== undefined) return known
    const number = this.#sets.push(make()) - 1
    this.#setNumbers.set(name, number)
    return number
  }

  #quantifier({ element, min, max, greedy }: AST.Quantifier, next: number): number {
    const turn = (following: number) => this.#forgetting(element, this.#element(element, following))
    // A turn that need not be may not be empty either; then JavaScript goes back and tries the next way through it.
    const freeTurn = (following: number) => {
      if (!mayBeEmpty(element)) return turn(following)
      const loop = this.#loopCount++
      return this.#add({ kind: 'enter', loop, next: turn(this.#add({ kind: 'leave', loop, next: following })) })
    }
    let start = next
    if (max === Number.POSITIVE_INFINITY) start = this.#loop(greedy, next, freeTurn)
    else for (let count = min; count < max; count++) start = this.#split(greedy, freeTurn(start), next)
    for (let count = 0; count < min; count++) {
      const before = start
      start = turn(before)
      if (start === before) break // (?:){1000000000} is nothing, however often
    }
    return start
  }

  #split(greedy: boolean, into: number, past: number): number {
    return this.#add({ kind: 'split', first: greedy ? into : past, second: greedy ? past : into })
  }

  #loop(greedy: boolean, next: number, body: (loop: number) => number): number {
    const split = { kind: 'split' as const, first: next, second: next }
    const loop = this.#add(split)
    split[greedy ? 'first' : 'second'] = body(loop)
    return loop
  }

  /** Groups are numbered in the order in which they begin, so those within an element follow one another. */
  #forgetting(element: AST.Element, next: number): number {
    const isWithin = ({ start }: AST.CapturingGroup) => element.start <= start && start < element.end
    const first = this.#groups.findIndex(isWithin)
    if (first < 0) return next
    const last = this.#groups.findLastIndex(isWithin)
    return this.#add({ kind: 'forget', from: 2 * (first + 1), to: 2 * (last + 2), next })
  }
}

function mayBeEmpty(element: AST.Element): boolean {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return element.alternatives.some(({ elements }) => elements.every(mayBeEmpty))
    case 'Quantifier':
      return element.min === 0 || mayBeEmpty(element.element)
    case 'Assertion':
      return true
    default:
      return false
  }
}
