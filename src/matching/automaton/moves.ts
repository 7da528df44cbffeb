/** Copies one register to another. */
export interface Move {
  readonly to: number
  readonly from: number
}

/**
 * Moves that mean "all at once", in an order in which they can be made one after the other. Where some go round in a
 * circle, one of them goes by way of `spare`.
 */
export function inOrder(moves: readonly Move[], spare: number): readonly Move[] {
  const ordered: Move[] = []
  let pending = moves.filter(({ to, from }) => to !== from)
  while (pending.length > 0) {
    const sources = new Set(pending.map(({ from }) => from))
    const free = pending.filter(({ to }) => !sources.has(to))
    ordered.push(...free)
    pending = pending.filter(({ to }) => sources.has(to))
    if (free.length > 0 || pending.length === 0) continue
    const { from: kept } = pending[0]!
    ordered.push({ to: spare, from: kept })
    pending = pending.map(({ to, from }) => ({ to, from: from === kept ? spare : from }))
  }
  return ordered
}
