import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp'

/**
 * The regexes of JavaScript that find, tried in this order in one line without its line feed, what a regex of Python finds
 * there. There are several where it asks whether a group took part, which JavaScript cannot: then each says one way or the
 * other from the start. `\w`, `\d` and `\s` are those of ASCII.
 */
export function fromPython(source: string): readonly RegExp[] {
  const asked = [...new Set([...source.matchAll(/\(\?\((\w+)\)/g)].map(([, name]) => name!))]
  const ways = Array.from({ length: 2 ** asked.length }, (_, way) => {
    const taken = new Map(asked.map((name, bit) => [name, ((way >> bit) & 1) === 0]))
    let text = new Translation(source, taken).text
    for (const [name, isTaken] of taken) text = withGroup(text, name, isTaken)
    return new RegExp(text)
  })
  return ways.filter((way, index) => ways.findIndex(({ source }) => source === way.source) === index)
}

interface Level {
  /** Letters are matched in either case from here to the end of the group. */
  ignoresCase: boolean
  /** Of `(?(name)yes|no)`: which of the two is wanted, where it begins in the text, and where we are. */
  readonly condition?: { readonly wanted: 0 | 1; branch: 0 | 1; from: number }
}

/** Reads Python's text from left to right and writes JavaScript's. */
class Translation {
  text = ''
  readonly #source: string
  readonly #taken: ReadonlyMap<string, boolean>
  readonly #levels: Level[] = [{ ignoresCase: false }]
  #at = 0

  constructor(source: string, taken: ReadonlyMap<string, boolean>) {
    this.#source = source
    this.#taken = taken
    while (this.#at < source.length) this.#step()
  }

  get #level(): Level {
    return this.#levels.at(-1)!
  }

  #step(): void {
    const special =
      this.#takes(/\\./sy, ([escaped]) => this.#add(escaped!)) ||
      this.#takes(/\[(\^?)(\]?)((?:\\.|[^\]\\])*)\]/sy, ([, not, first, rest]) => this.#addClass(not!, first! && '\\]', rest!)) ||
      this.#takes(/\(\?P<(\w+)>/y, ([, name]) => this.#open(`(?<${name}>`)) ||
      this.#takes(/\(\?P=(\w+)\)/y, ([, name]) => this.#add(`\\k<${name}>`)) ||
      this.#takes(/\(\?\((\w+)\)/y, ([, name]) => this.#openCondition(this.#taken.get(name!)!)) ||
      this.#takes(/\(\?i\)/y, () => {
        this.#level.ignoresCase = true
      }) ||
      this.#takes(/\(\?i:/y, () => {
        this.#open('(?:')
        this.#level.ignoresCase = true
      }) ||
      this.#takes(/\((?:\?(?::|=|!|<=|<!))?/y, ([opening]) => this.#open(opening!)) ||
      this.#takes(/\)/y, () => this.#close()) ||
      this.#takes(/\|/y, () => this.#alternative()) ||
      this.#takes(/\{,(\d+)\}/y, ([, most]) => this.#add(`{0,${most}}`)) ||
      this.#takes(/[a-z]/iy, ([letter]) => this.#add(this.#level.ignoresCase ? `[${letter}${swapped(letter!)}]` : letter!))
    if (!special) this.#add(this.#source.charAt(this.#at++))
  }

  #takes(what: RegExp, take: (found: readonly (string | undefined)[]) => void): boolean {
    what.lastIndex = this.#at
    const found = what.exec(this.#source)
    if (!found) return false
    this.#at = what.lastIndex
    take([...found])
    return true
  }

  #add(text: string): void {
    this.text += text
  }

  #addClass(not: string, first: string, rest: string): void {
    const body = first + rest.replaceAll(/\\.|\[/gs, (one) => (one === '[' ? '\\[' : one))
    const other = this.#level.ignoresCase
      ? [...body.matchAll(/\\.|[a-z]-[a-z]|[a-z]/gis)].map(([one]) => caseOf(one)).join('')
      : ''
    this.#add(`[${not}${body}${other}]`)
  }

  #open(text: string): void {
    this.#add(text)
    this.#levels.push({ ignoresCase: this.#level.ignoresCase })
  }

  #openCondition(isTaken: boolean): void {
    this.#add('(?:')
    const { ignoresCase } = this.#level
    this.#levels.push({ ignoresCase, condition: { wanted: isTaken ? 0 : 1, branch: 0, from: this.text.length } })
  }

  #alternative(): void {
    const { condition } = this.#level
    if (!condition) this.#add('|')
    else {
      this.#endBranch(condition)
      condition.branch = 1
    }
  }

  #close(): void {
    const { condition } = this.#levels.pop()!
    if (condition) this.#endBranch(condition)
    this.#add(')')
  }

  #endBranch(condition: NonNullable<Level['condition']>): void {
    if (condition.branch === condition.wanted) condition.from = this.text.length
    else this.text = this.text.slice(0, condition.from)
  }
}

const swapped = (text: string) => (text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase())
const caseOf = (one: string) => (one.startsWith('\\') ? '' : [...one].map(swapped).join(''))

/** The regex with that group in every match, or in none: of what it may stand in or not, in each place the one that says so. */
function withGroup(source: string, name: string, isTaken: boolean): string {
  let group: AST.CapturingGroup | undefined
  visitRegExpAST(new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source), {
    onCapturingGroupEnter: (one) => {
      if (one.name === name) group = one
    },
  })
  let node: AST.Node | null | undefined = group
  for (; node; node = node.parent) {
    const { parent }: AST.Node = node
    const put = ({ start, end }: AST.Node, text: string) => source.slice(0, start) + text + source.slice(end)
    if (parent?.type === 'Quantifier' && parent.min === 0) return put(parent, isTaken ? node.raw : '')
    if (node.type === 'Alternative' && parent && 'alternatives' in parent && parent.alternatives.length > 1) {
      const kept = parent.alternatives.filter((one) => (one === node) === isTaken)
      const first = parent.alternatives[0]!
      const last = parent.alternatives.at(-1)!
      return source.slice(0, first.start) + kept.map(({ raw }) => raw).join('|') + source.slice(last.end)
    }
  }
  return source
}
