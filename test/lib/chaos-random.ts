/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export type Random = () => number

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `CHAOS_SEED`, or another one each time; every chaos test prints it. */
export function chosenSeed(): number {
  return Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000_007)
}
