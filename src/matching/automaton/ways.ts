import { InexpressibleError } from './inexpressible.ts'
import type { ByteNode, MatchNode, Program } from './program.ts'

/** What stands on one side of a position: the line's edge, a byte, or (where `\b` asks) a byte that belongs to a word. */
export type Neighbour = 0 | 1 | 2
export const EDGE: Neighbour = 0
export const BYTE: Neighbour = 1
export const WORD_BYTE: Neighbour = 2

/** A way from a node to the next one that takes a byte, or to the match, without taking one. */
export interface Way {
  readonly to: ByteNode | MatchNode
  /** The number of `to`. */
  readonly node: number
  /** Slots to mark on the way, in this order: a slot that takes the position, or `~slot` for one that is forgotten. */
  readonly marks: readonly number[]
}

/** The ways on from a node at a position between two neighbours, by priority. */
export type Ways = (node: number, before: Neighbour, after: Neighbour) => readonly Way[]

interface Marks {
  readonly mark: number
  readonly earlier: Marks | undefined
}

/** The innermost loop whose turn began at this very position, and those around it. */
interface Turns {
  readonly number: number
  readonly loop: number
  readonly inner: Map<number, Turns>
}

interface Step {
  readonly node: number
  readonly turns: Turns
  readonly marks: Marks | undefined
}

const NO_MARKS: readonly number[] = []

/** What finding all ways of one program may cost, in nodes looked at. */
const EFFORT_MAX = 30_000

/**
 * Finds ways, each once. All that JavaScript's rule about empty turns can reject is decided here: taking a byte ends it.
 * Throws an InexpressibleError where there are too many.
 */
export function waysOf({ nodes, start, search, asksForWords }: Program): Ways {
  const known = new Array<readonly Way[] | undefined>(nodes.length * 9)
  let effort = 0

  function find(from: number, before: Neighbour, after: Neighbour): readonly Way[] {
    const first = nodes[from]!
    if (first.kind === 'byte') return [{ to: first, node: from, marks: NO_MARKS }]
    const ways: Way[] = []
    const reached = new Set<number>()
    let turnsCount = 1
    const seen = new Set<number>()
    const stack: Step[] = [{ node: from, turns: { number: 0, loop: -1, inner: new Map() }, marks: undefined }]
    for (let step = stack.pop(); step; step = stack.pop()) {
      const { node: number, turns, marks } = step
      // The same node in the same turns has the same future, and the earlier has priority.
      const key = turns.number * nodes.length + number
      if (seen.has(key)) continue
      seen.add(key)
      if (++effort > EFFORT_MAX) throw new InexpressibleError('there are too many ways through it')
      const node = nodes[number]!
      switch (node.kind) {
        case 'byte':
        case 'match':
          if (!reached.has(number)) ways.push({ to: node, node: number, marks: listOf(marks) })
          reached.add(number)
          // What has a lower priority than a match is never tried.
          if (node.kind === 'match') return ways
          break
        case 'split':
          stack.push({ node: node.second, turns, marks }, { node: node.first, turns, marks })
          break
        case 'mark':
          stack.push({ node: node.next, turns, marks: { mark: node.slot, earlier: marks } })
          break
        case 'forget': {
          let all = marks
          for (let slot = node.from; slot < node.to; slot++) all = { mark: ~slot, earlier: all }
          stack.push({ node: node.next, turns, marks: all })
          break
        }
        case 'assert':
          if (holds(node.position, before, after)) stack.push({ node: node.next, turns, marks })
          break
        case 'enter': {
          let inner = turns.inner.get(node.loop)
          if (!inner) {
            inner = { number: turnsCount++, loop: node.loop, inner: new Map() }
            turns.inner.set(node.loop, inner)
          }
          stack.push({ node: node.next, turns: inner, marks })
          break
        }
        case 'leave':
          if (turns.loop !== node.loop) stack.push({ node: node.next, turns, marks })
          break
      }
    }
    return ways
  }

  const ways: Ways = (node, before, after) => {
    const key = (node * 3 + before) * 3 + after
    let found = known[key]
    if (!found) {
      found = find(node, before, after)
      known[key] = found
    }
    return found
  }
  // All are found now, so that what is too large is known now.
  const bytes: readonly Neighbour[] = asksForWords ? [BYTE, WORD_BYTE] : [BYTE]
  for (const after of [EDGE, ...bytes]) {
    ways(start, EDGE, after)
    ways(search, EDGE, after)
    for (const before of bytes) for (const node of nodes) if (node.kind === 'byte') ways(node.next, before, after)
  }
  return ways
}

function holds(position: 'start' | 'end' | 'boundary' | 'no boundary', before: Neighbour, after: Neighbour): boolean {
  if (position === 'start') return before === EDGE
  if (position === 'end') return after === EDGE
  return ((before === WORD_BYTE) !== (after === WORD_BYTE)) === (position === 'boundary')
}

function listOf(marks: Marks | undefined): readonly number[] {
  if (!marks) return NO_MARKS
  const list: number[] = []
  for (let last: Marks | undefined = marks; last; last = last.earlier) list.push(last.mark)
  return list.reverse()
}
