/**
 * Guarantees: `submit` returns an item's result once its group is processed, or throws the error of its group. Groups are processed
 * one after the other, in the order of their items.
 *
 * How: items that arrive while a group is processed form the next one, without a timer: a lone item does not wait, and under load
 * one transaction serves many. The next group is sent to the database before the results of this one are used, and these are used a
 * few in each iteration of the event loop: the database works meanwhile, and its next response does not wait for all of them.
 *
 * Without it every item costs a transaction.
 */

import type { GroupTurn } from './overlap.ts'

export interface Grouping<T, R> {
  /** The number of items that wait for their group. */
  readonly waitingCount: number
  /** For how long the present group has been processed; 0 without one. */
  readonly ageMs: number
  submit(item: T): Promise<R>
  /** Resolves when nothing waits and nothing is processed. */
  idle(): Promise<void>
}

/** The number of results that are used in one iteration of the event loop. */
const RESULTS_AT_ONCE = 16

interface Item<T, R> {
  readonly item: T
  readonly settled: PromiseWithResolvers<R>
}

/**
 * @param groupMax the maximum number of items in one group.
 * @param process returns a result for each item, in their order; a promise when it is not there yet, and the next group does not
 *   wait for it.
 * @param turn when a group begins; at once when undefined.
 * @example
 * const grouping = createGrouping(100, async (numbers: readonly number[]) => numbers.map((number) => `${number} of ${numbers.length}`))
 * await Promise.all([grouping.submit(7), grouping.submit(8)]) //=> ['7 of 2', '8 of 2']
 */
export function createGrouping<T, R>(
  groupMax: number,
  process: (items: readonly T[]) => Promise<readonly (R | Promise<R>)[]>,
  turn?: GroupTurn,
): Grouping<T, R> {
  const queue: Item<T, R>[] = []
  let running: Promise<void> | undefined
  let settling = Promise.resolve()
  let processingSince: number | undefined

  async function run(): Promise<void> {
    // Items that were read in this turn of the event loop share a group.
    await new Promise(setImmediate)
    while (queue.length > 0) {
      await turn?.begin(queue.length)
      const group = queue.splice(0, groupMax)
      processingSince = performance.now()
      try {
        const results = await process(group.map(({ item }) => item))
        settling = settle(settling, group, results)
      } catch (error) {
        for (const { settled } of group) settled.reject(error)
      }
      processingSince = undefined
      turn?.end()
    }
    running = undefined
  }

  async function settle(
    earlier: Promise<void>,
    group: readonly Item<T, R>[],
    results: readonly (R | Promise<R>)[],
  ): Promise<void> {
    // A rejection would count as unhandled before it is given to its item.
    for (const result of results) if (result instanceof Promise) result.catch(() => undefined)
    await earlier
    for (const [index, { settled }] of group.entries()) {
      if (index % RESULTS_AT_ONCE === 0) await new Promise(setImmediate)
      settled.resolve(results[index]!)
    }
  }

  return {
    get waitingCount() {
      return queue.length
    },
    get ageMs() {
      return processingSince === undefined ? 0 : performance.now() - processingSince
    },
    submit(item) {
      const settled = Promise.withResolvers<R>()
      queue.push({ item, settled })
      turn?.grown(queue.length)
      running ??= run()
      return settled.promise
    },
    async idle() {
      await running
      await settling
    },
  }
}
