/** A clock that is moved by hand, with what was asked for later. */
export class MovedClock {
  now: number
  #calls: { readonly at: number; readonly call: () => void }[] = []
  readonly timers = {
    after: (ms: number, call: () => void) => {
      const entry = { at: this.now + ms, call }
      this.#calls.push(entry)
      return () => {
        this.#calls = this.#calls.filter((other) => other !== entry)
      }
    },
  }

  constructor(now: number) {
    this.now = now
  }

  /** When something becomes due next; never where nothing was asked for. */
  get nextAt(): number {
    return Math.min(...this.#calls.map(({ at }) => at))
  }

  /** Calls what is due by now, in the order in which it was asked for. */
  callDue(): void {
    for (const due of this.#calls.filter(({ at }) => at <= this.now)) {
      this.#calls = this.#calls.filter((other) => other !== due)
      due.call()
    }
  }
}
