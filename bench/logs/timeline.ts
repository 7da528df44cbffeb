/** What happens in a log, step by step: each step writes its lines and yields how long it waits (ms) before the next. */
export type Episode = Generator<number, void, void>

/** Episodes that run at the same time, in the order of their next steps. A binary heap, since there are thousands. */
export class Timeline {
  #steps: { at: number; order: number; episode: Episode }[] = []
  #order = 0

  /** When the next step is due; infinity where there is none. */
  get dueAt(): number {
    return this.#steps[0]?.at ?? Number.POSITIVE_INFINITY
  }

  start(at: number, episode: Episode): void {
    const step = { at, order: this.#order++, episode }
    const steps = this.#steps
    let i = steps.push(step) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(step, steps[parent]!)) break
      steps[i] = steps[parent]!
      i = parent
    }
    steps[i] = step
  }

  /** Takes the step that is due first. */
  step(): void {
    const { at, episode } = this.#takeFirst()
    const wait = episode.next()
    if (!wait.done) this.start(at + wait.value, episode)
  }

  #takeFirst() {
    const steps = this.#steps
    const first = steps[0]!
    const last = steps.pop()!
    if (steps.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= steps.length) break
      if (child + 1 < steps.length && isBefore(steps[child + 1]!, steps[child]!)) child++
      if (!isBefore(steps[child]!, last)) break
      steps[i] = steps[child]!
      i = child
    }
    steps[i] = last
    return first
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
