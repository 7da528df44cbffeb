import type { AST } from '@eslint-community/regexpp'
import { byteSetOf } from './automaton/byte-set.ts'
import { treeOf } from './regex-tree.ts'

/**
 * A piece of text that can be looked for: one character a byte, or, from `EITHER_CASE` on, a letter in either case (which is
 * `EITHER_CASE` and the small letter).
 */
export type Literal = string

export const EITHER_CASE = 0x100

/** The most literals that one pattern may have; with more, a pattern is better off among those that have none. */
const LITERALS_MAX = 128
/** How many texts, of what length, are followed as all that a part of a regex can match. */
const TEXTS_MAX = 64
const TEXT_LENGTH_MAX = 64
/** To look for one literal more costs as much as to look at so many lines, of one. */
const LITERAL_COST = 0.003
/** Literals of fewer bytes than these are in more lines than can be told beforehand: of so many more for each that is missing. */
const LENGTH_ENOUGH = 4
const SHORT_COST = 0.02
/** Pieces that several literals have in common are of these lengths. */
const PIECE_LENGTH_MIN = 4
const PIECE_LENGTH_MAX = 8
/** A class of more bytes than these is not written out. */
const CLASS_BYTES_MAX = 8

/** How many of a log's lines hold a literal, as far as can be told beforehand: from 0 to 1. */
export type Share = (literal: Literal) => number

/**
 * The literals of which every match of a regex over bytes must contain one, the set that the fewest lines hold; undefined
 * where there is none. Flags are none or `i`.
 */
export function literalsOf({ source, flags }: RegExp, share: Share): readonly Literal[] | undefined {
  return new Search(flags.includes('i'), share).literalsOf(treeOf(source))
}

/** What is known of all that a part of a regex can match. A set that holds an empty text says nothing. */
interface Part {
  /** Each match begins with one of these ... */
  readonly heads: readonly string[]
  /** ... and ends with one of these. */
  readonly tails: readonly string[]
  /** A match is one of these and nothing else. `heads` and `tails` are the same then. */
  readonly isExact: boolean
  /** Each match contains one of these; undefined where no such set is known, or where it is exact. */
  readonly needed: readonly Literal[] | undefined
}

const nothing: Part = { heads: [''], tails: [''], isExact: true, needed: undefined }
const anything: Part = { ...nothing, isExact: false }

/** What these are without the flags `u` and `v`. */
type ByteElement = AST.Character | AST.CharacterSet | AST.ClassRangesCharacterClass

function exactly(texts: readonly string[]): Part {
  return { heads: texts, tails: texts, isExact: true, needed: undefined }
}

class Search {
  readonly #ignoresCase: boolean
  readonly #share: Share
  /** By how they are written: single characters. */
  readonly #known = new Map<string, Part>()

  constructor(ignoresCase: boolean, share: Share) {
    this.#ignoresCase = ignoresCase
    this.#share = share
  }

  literalsOf({ alternatives }: AST.Pattern): readonly Literal[] | undefined {
    const needed = neededBy(this.#alternatives(alternatives))
    return needed && this.#fewer(needed)
  }

  /** Puts a piece that several literals have in common in their place, wherever it is rare enough. */
  #fewer(literals: readonly Literal[]): readonly Literal[] {
    if (literals.length === 1) return literals
    const holders = new Map<Literal, Literal[]>()
    for (const literal of literals) {
      for (const piece of piecesOf(literal)) {
        const others = holders.get(piece)
        if (others) others.push(literal)
        else holders.set(piece, [literal])
      }
    }
    const pieces = new Set<Literal>()
    const rest = new Set(literals)
    const gainOf = (all: readonly Literal[]) => this.#cost(all.filter((literal) => rest.has(literal)))
    const shared = [...holders]
      .filter(([, all]) => all.length > 1)
      .map(([piece, all]) => ({ piece, all, cost: this.#cost([piece]) }))
    for (;;) {
      const gains = shared.map(({ all, cost }) => gainOf(all) - cost)
      const most = Math.max(0, ...gains)
      if (most === 0) return [...pieces, ...rest]
      const best = shared[gains.indexOf(most)]!
      pieces.add(best.piece)
      for (const literal of best.all) rest.delete(literal)
    }
  }

  #alternatives(alternatives: readonly AST.Alternative[]): Part {
    return eitherOf(alternatives.map(({ elements }) => this.#sequence(elements)))
  }

  #sequence(elements: readonly AST.Element[]): Part {
    let all = nothing
    let text = ''
    for (const element of elements) {
      const unit = element.type === 'Character' ? this.#unit(element.value) : undefined
      if (unit !== undefined && text.length < TEXT_LENGTH_MAX) {
        text += unit
        continue
      }
      if (text !== '') all = this.#join(all, exactly([text]))
      text = unit ?? ''
      if (unit === undefined) all = this.#join(all, this.#part(element))
    }
    return text === '' ? all : this.#join(all, exactly([text]))
  }

  /** A character of ASCII as it stands in a literal. Most of a regex are such; they are joined many at a time. */
  #unit(code: number): string | undefined {
    if (code > 0x7f) return undefined
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
    return String.fromCharCode(this.#ignoresCase && isLetter ? code | 0x20 | EITHER_CASE : code)
  }

  #part(element: AST.Element): Part {
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
        return this.#oneOf(element as ByteElement)
      case 'Group':
      case 'CapturingGroup':
        return this.#alternatives(element.alternatives)
      case 'Quantifier':
        return this.#repeat(this.#part(element.element), element.min, element.max)
      case 'Assertion':
        // It takes no byte, so what stands before and behind it is adjacent.
        return nothing
      default:
        return anything
    }
  }

  #oneOf(element: ByteElement): Part {
    let part = this.#known.get(element.raw)
    if (!part) {
      part = oneOf(byteSetOf(element, this.#ignoresCase))
      this.#known.set(element.raw, part)
    }
    return part
  }

  #repeat(part: Part, min: number, max: number): Part {
    if (max === 0) return nothing
    if (min === 0) return max === 1 && part.isExact ? exactly(distinct(['', ...part.heads])) : anything
    let all = part
    let count = 1
    for (; count < min && all.isExact && fits(product(all.heads, part.heads)); count++) all = this.#join(all, part)
    return count === max ? all : { ...all, isExact: false, needed: neededBy(all) }
  }

  #join(a: Part, b: Part): Part {
    if (a === nothing) return b
    if (b === nothing) return a
    const joint = product(a.tails, b.heads)
    if (a.isExact && b.isExact && fits(joint)) return exactly(joint!)
    return {
      heads: (a.isExact ? fitting(product(a.heads, b.heads)) : undefined) ?? a.heads,
      tails: (b.isExact ? fitting(product(a.tails, b.tails)) : undefined) ?? b.tails,
      isExact: false,
      needed: this.#rarest(neededBy(a), neededBy(b), usable(joint)),
    }
  }

  #rarest(...sets: readonly (readonly Literal[] | undefined)[]): readonly Literal[] | undefined {
    const [first, ...others] = sets.filter((set) => set !== undefined)
    if (!first || others.length === 0) return first
    let best = first
    let least = this.#cost(best)
    for (const set of others) {
      const cost = this.#cost(set)
      if (cost >= least) continue
      best = set
      least = cost
    }
    return best
  }

  /** How many lines have to be looked at because of these, and what it costs to look for so many. */
  #cost(set: readonly Literal[]): number {
    return set.reduce((sum, literal) => {
      const short = SHORT_COST * Math.max(0, LENGTH_ENOUGH - literal.length)
      return sum + this.#share(literal) + LITERAL_COST + short + 1e-9 / literal.length
    }, 0)
  }
}

function oneOf(set: Uint8Array): Part {
  const texts: string[] = []
  for (let byte = 0; byte < 256; byte++) {
    if (!set[byte]) continue
    const isCapital = byte >= 0x41 && byte <= 0x5a
    const isSmall = byte >= 0x61 && byte <= 0x7a
    if (isCapital && set[byte | 0x20]) continue
    texts.push(String.fromCharCode(isSmall && set[byte & ~0x20] ? byte | EITHER_CASE : byte))
    if (texts.length > CLASS_BYTES_MAX) return anything
  }
  return exactly(texts)
}

function eitherOf(parts: readonly Part[]): Part {
  const heads = distinct(parts.flatMap(({ heads }) => heads))
  if (parts.every(({ isExact }) => isExact) && fits(heads)) return exactly(heads)
  const needed = parts.map(neededBy)
  return {
    heads: fitting(heads) ?? [''],
    tails: fitting(distinct(parts.flatMap(({ tails }) => tails))) ?? [''],
    isExact: false,
    needed: usable(needed.includes(undefined) ? undefined : needed.flatMap((set) => set!)),
  }
}

function neededBy({ isExact, heads, needed }: Part): readonly Literal[] | undefined {
  return isExact ? usable(heads) : needed
}

/** Each of one set followed by each of the other; undefined where these would be too many. */
function product(a: readonly string[], b: readonly string[]): readonly string[] | undefined {
  if (a.length * b.length > 2 * LITERALS_MAX) return undefined
  return distinct(a.flatMap((one) => b.map((other) => one + other)))
}

function fits(texts: readonly string[] | undefined): boolean {
  return texts !== undefined && texts.length <= TEXTS_MAX && texts.every(({ length }) => length <= TEXT_LENGTH_MAX)
}

function fitting(texts: readonly string[] | undefined): readonly string[] | undefined {
  return fits(texts) ? texts : undefined
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

function piecesOf(literal: Literal): ReadonlySet<Literal> {
  const pieces = new Set<Literal>()
  for (let length = PIECE_LENGTH_MIN; length <= Math.min(PIECE_LENGTH_MAX, literal.length); length++) {
    for (let from = 0; from + length <= literal.length; from++) pieces.add(literal.slice(from, from + length))
  }
  return pieces
}

/** Texts as literals: none empty, not too many, and none that another one is part of. */
function usable(texts: readonly string[] | undefined): readonly Literal[] | undefined {
  if (texts === undefined || texts.includes('')) return undefined
  const literals = distinct(texts.map((text) => text.slice(0, TEXT_LENGTH_MAX)))
  if (literals.length > 4 * LITERALS_MAX) return undefined
  const least = literals.filter((one) => !literals.some((other) => other.length < one.length && one.includes(other)))
  return least.length > LITERALS_MAX ? undefined : least
}
