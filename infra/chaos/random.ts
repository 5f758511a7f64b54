/** Random numbers that a seed replays: mulberry32, which is small and good enough to choose faults. */
export interface Random {
  /** From 0 to 1. */
  next(): number
  /** A whole number from 0 to max - 1. */
  below(max: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
  /** Another sequence, so that concurrent parts do not disturb each other. */
  fork(): Random
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (max: number): number => Math.floor(next() * max)
  return {
    next,
    below,
    pick: (items) => items[below(items.length)]!,
    chance: (probability) => next() < probability,
    fork: () => createRandom(below(4_294_967_296)),
  }
}
