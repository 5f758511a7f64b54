/**
 * Guarantees: `submit` returns an item's result once its group is processed, or throws the error of its group. Groups are processed
 * one after the other, in the order of their items.
 *
 * How: items that arrive while a group is processed form the next one, without a timer: a lone item does not wait, and under load
 * one transaction serves many.
 *
 * Without it every item costs a transaction.
 */

export interface Grouping<T, R> {
  /** The number of items that wait for their group. */
  readonly waitingCount: number
  /** For how long the present group has been processed; 0 without one. */
  readonly ageMs: number
  submit(item: T): Promise<R>
  /** Resolves when nothing waits and nothing is processed. */
  idle(): Promise<void>
}

/**
 * @param groupMax the maximum number of items in one group.
 * @param process returns a result for each item, in their order; a promise when it is not there yet, and the next group does not
 *   wait for it.
 * @example
 * const grouping = createGrouping(100, async (numbers: readonly number[]) => numbers.map((number) => `${number} of ${numbers.length}`))
 * await Promise.all([grouping.submit(7), grouping.submit(8)]) //=> ['7 of 2', '8 of 2']
 */
export function createGrouping<T, R>(
  groupMax: number,
  process: (items: readonly T[]) => Promise<readonly (R | Promise<R>)[]>,
): Grouping<T, R> {
  const queue: { readonly item: T; readonly settled: PromiseWithResolvers<R> }[] = []
  let running: Promise<void> | undefined
  let processingSince: number | undefined

  async function run(): Promise<void> {
    // Items that were read in this turn of the event loop share a group.
    await new Promise(setImmediate)
    while (queue.length > 0) {
      const group = queue.splice(0, groupMax)
      processingSince = performance.now()
      try {
        const results = await process(group.map(({ item }) => item))
        group.forEach(({ settled }, index) => settled.resolve(results[index]!))
      } catch (error) {
        for (const { settled } of group) settled.reject(error)
      }
      processingSince = undefined
    }
    running = undefined
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
      running ??= run()
      return settled.promise
    },
    idle: () => running ?? Promise.resolve(),
  }
}
