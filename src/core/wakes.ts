import type { Instant } from '../base/units.ts'

/** Who is to be woken when. One time for a key; a new one takes the place of the old. A binary heap. */
export class Wakes {
  /** Heap of times and keys; an item whose time is no longer the key's own is stale and is dropped when it comes up. */
  readonly #heap: { readonly dueAt: Instant; readonly key: string }[] = []
  readonly #dueAt = new Map<string, Instant>()

  get size(): number {
    return this.#dueAt.size
  }

  set(key: string, dueAt: Instant): void {
    if (this.#dueAt.get(key) === dueAt) return
    this.#dueAt.set(key, dueAt)
    const heap = this.#heap
    heap.push({ dueAt, key })
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!isBefore(heap[child]!, heap[parent]!)) break
      swap(heap, child, parent)
      child = parent
    }
  }

  cancel(key: string): void {
    this.#dueAt.delete(key)
  }

  /** The earliest time that anybody waits for. */
  nextAt(): Instant | undefined {
    this.#dropStale()
    return this.#heap[0]?.dueAt
  }

  /** Takes out the earliest that is due at `at`; of equal times the lesser key first, so that the order is always the same. */
  takeDue(at: Instant): { readonly key: string; readonly dueAt: Instant } | undefined {
    this.#dropStale()
    const first = this.#heap[0]
    if (!first || first.dueAt > at) return undefined
    this.#dueAt.delete(first.key)
    this.#pop()
    return first
  }

  #dropStale(): void {
    while (this.#heap.length > 0 && this.#dueAt.get(this.#heap[0]!.key) !== this.#heap[0]!.dueAt) this.#pop()
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let parent = 0; ; ) {
      let least = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      }
      if (least === parent) return
      swap(heap, parent, least)
      parent = least
    }
  }
}

function isBefore(a: { dueAt: Instant; key: string }, b: { dueAt: Instant; key: string }): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.key < b.key)
}

function swap<T>(heap: T[], i: number, j: number): void {
  const held = heap[i]!
  heap[i] = heap[j]!
  heap[j] = held
}
