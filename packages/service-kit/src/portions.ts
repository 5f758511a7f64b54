/** The number of items that one iteration of the event loop uses. */
const PORTION = 16

/**
 * Calls `use` for each item, a few in each iteration of the event loop, beginning with the next one. What the process sends after this
 * call is sent first, and what it receives meanwhile, such as the next response of the database, does not wait for all items.
 *
 * @example
 * const used: string[] = []
 * const done = inPortions(['a', 'b'], (item) => used.push(item))
 * used.length //=> 0
 * await done
 * used //=> ['a', 'b']
 */
export async function inPortions<T>(items: readonly T[], use: (item: T, index: number) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index % PORTION === 0) await new Promise(setImmediate)
    use(item, index)
  }
}
