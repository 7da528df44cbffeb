import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp'
import { byteSetOf } from './automaton/byte-set.ts'

/** Part of a text: where it begins, and where what follows begins. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What a regex takes of a text. */
export interface Reading {
  readonly whole: Span
  readonly ip: Span | undefined
  /** What the peer may have written, in the order of the regex; a group's name where it has one. */
  readonly peer: readonly PeerSpan[]
}

export interface PeerSpan extends Span {
  readonly name: string | undefined
}

/** What a program repeats of the words of whoever speaks to it, whatever the regex lets stand there. */
const peerNames =
  /^(?:user|account|login|name|nick|password|url|uri|path|page|file|query|request|method|agent|referr?er|host|vhost|server|helo|ehlo|banner|version|client|sender|from|recipient|rcpt|to|mail|domain|zone|command|argument|message|text|reason|subject|id)(?:name|agent|id)?$/i
/** Groups that the program itself fills in. */
const ownNames: ReadonlySet<string> = new Set(['ip', 'session', 'times'])

/** A class that takes so many of the 95 printable characters takes all but its own delimiters, as `\S` and `[^"]` do. */
const WIDE_CHARACTERS = 80

/**
 * Finds what the peer may have written in lines that match a regex: groups with a peer's names (`user`, `url`, `agent` and
 * so on), and every `.*`, `\S+`, `[^"]*` and their like. What stands before the first word of a regex that begins the line
 * is the log's own head, a date and a host as a rule: there only `.*` and groups with a peer's names count.
 */
export class PeerText {
  readonly #regex: RegExp
  readonly #names: ReadonlyMap<string, string | undefined>

  /** `regex` as it is run on bytes; `beginsLine`: nothing of the line stands before what it is given. */
  constructor({ source, flags }: RegExp, { beginsLine }: { readonly beginsLine: boolean }) {
    const tree = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source)
    const pieces = new Pieces(flags.includes('i'), beginsLine)
    pieces.visit(tree.alternatives)
    const { text, names } = withGroups(source, tree, pieces.found)
    this.#regex = new RegExp(text, `${flags}d`)
    this.#names = names
  }

  read(text: string): Reading | undefined {
    const found = this.#regex.exec(text)
    if (!found) return undefined
    const spans = found.indices!.groups ?? {}
    const peer = [...this.#names].flatMap(([group, name]) => {
      const span = spans[group]
      return span ? [{ start: span[0], end: span[1], name }] : []
    })
    return { whole: spanOf(found.indices![0]!)!, ip: spanOf(spans.ip), peer }
  }
}

function spanOf(indices: readonly [number, number] | undefined): Span | undefined {
  return indices && { start: indices[0], end: indices[1] }
}

type Piece = AST.Quantifier | AST.CapturingGroup

class Pieces {
  readonly found: Piece[] = []
  readonly #ignoresCase: boolean
  #isInHead: boolean

  constructor(ignoresCase: boolean, isInHead: boolean) {
    this.#ignoresCase = ignoresCase
    this.#isInHead = isInHead
  }

  visit(alternatives: readonly AST.Alternative[]): void {
    const before = this.#isInHead
    let after = false
    for (const { elements } of alternatives) {
      this.#isInHead = before
      for (const element of elements) this.#visitElement(element)
      after ||= this.#isInHead
    }
    this.#isInHead = after
  }

  #visitElement(element: AST.Element): void {
    switch (element.type) {
      case 'Character':
        if (/[a-z]/i.test(String.fromCharCode(element.value))) this.#isInHead = false
        return
      case 'CapturingGroup':
        if (element.name !== null && ownNames.has(element.name)) this.#isInHead = false
        else if (element.name !== null && this.#isPeers(element, peerNames.test(element.name))) this.found.push(element)
        else this.visit(element.alternatives)
        return
      case 'Group':
        this.visit(element.alternatives)
        return
      case 'Quantifier':
        if (element.max > 2 && !holdsAddress(element) && this.#isPeers(element, false)) this.found.push(element)
        else this.#visitElement(element.element)
        return
      default:
    }
  }

  /** Whether text of any kind may stand there; `isNamed`: any that is not written out. */
  #isPeers(piece: Piece, isNamed: boolean): boolean {
    let isPeers = false
    const look = (set: AST.CharacterSet | AST.CharacterClass) => {
      const printable = byteSetOf(set as AST.ClassRangesCharacterClass, this.#ignoresCase).subarray(0x20, 0x7f)
      const count = printable.reduce((sum, isIn) => sum + isIn, 0)
      if (isNamed ? count > 16 : count >= (this.#isInHead ? printable.length : WIDE_CHARACTERS)) isPeers = true
    }
    visitRegExpAST(piece, {
      onCharacterSetEnter: (set) => {
        if (set.parent.type !== 'CharacterClass') look(set)
      },
      onCharacterClassEnter: look,
    })
    return isPeers
  }
}

function holdsAddress(piece: AST.Quantifier): boolean {
  let holds = false
  visitRegExpAST(piece, {
    onCapturingGroupEnter: ({ name }) => {
      holds ||= name === 'ip'
    },
  })
  return holds
}

/** Puts a named group around each piece that is none, and tells which group stands for which name. */
function withGroups(source: string, tree: AST.Pattern, pieces: readonly Piece[]) {
  const names = new Map<string, string | undefined>()
  const edits: { readonly at: number; readonly length: number; readonly text: string }[] = []
  for (const [index, piece] of pieces.entries()) {
    if (piece.type === 'CapturingGroup') names.set(piece.name!, piece.name!)
    else {
      names.set(`$${index}`, undefined)
      edits.push({ at: piece.start, length: 0, text: `(?<$${index}>` }, { at: piece.end, length: 0, text: ')' })
    }
  }
  // Groups get other numbers by this, so references go by names.
  const numbered = new Map<AST.CapturingGroup, string>()
  visitRegExpAST(tree, {
    onBackreferenceEnter: ({ start, raw, resolved }) => {
      const group = Array.isArray(resolved) ? resolved[0]! : resolved
      if (group.name === null && !numbered.has(group)) {
        numbered.set(group, `$g${numbered.size}`)
        edits.push({ at: group.start + 1, length: 0, text: `?<${numbered.get(group)}>` })
      }
      edits.push({ at: start, length: raw.length, text: `\\k<${group.name ?? numbered.get(group)}>` })
    },
  })
  let text = ''
  let from = 0
  for (const { at, length, text: inserted } of edits.toSorted((a, b) => a.at - b.at)) {
    text += source.slice(from, at) + inserted
    from = at + length
  }
  return { text: text + source.slice(from), names }
}
