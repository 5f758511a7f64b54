import { setTimeout as sleep } from 'node:timers/promises'

/** Loads values for many keys at once; results in the order of the keys. */
export type LoadMany<Key, Value> = (keys: readonly Key[]) => Promise<readonly Value[]>

export interface CoalesceOptions {
  /** The most keys in one load. */
  readonly batchMax: number
  /** How many loads may run at once; keys requested meanwhile form the next loads. */
  readonly concurrency: number
  /**
   * The minimum time from the start of a load to the next one; not after a full load, because more keys are waiting
   * then.
   */
  readonly gatherMs?: number
}

interface Waiting<Key, Value> {
  readonly key: Key
  readonly isWanted: () => boolean
  readonly loaded: PromiseWithResolvers<Value>
}

/**
 * Turns single requests into batched loads: a lone request is loaded immediately, and requests that come during a load,
 * or shortly after it, are loaded together. The number of concurrent loads is bounded, and so is the number of loads
 * per second that are not full. When loads are slow, clients disconnect and reconnect: a request that is no longer
 * wanted when its turn comes is rejected without a load, so that it does not delay the others.
 */
export function coalesce<Key, Value>(
  loadMany: LoadMany<Key, Value>,
  { batchMax, concurrency, gatherMs = 0 }: CoalesceOptions,
): (key: Key, isWanted?: () => boolean) => Promise<Value> {
  const queue: Waiting<Key, Value>[] = []
  let running = 0

  function takeBatch(): readonly Waiting<Key, Value>[] {
    return queue.splice(0, batchMax).filter(({ isWanted, loaded }) => {
      if (isWanted()) return true
      loaded.reject(new Error('no longer wanted'))
      return false
    })
  }

  async function run(): Promise<void> {
    running += 1
    // Includes all requests of this turn of the event loop.
    await new Promise(setImmediate)
    while (queue.length > 0) {
      const batch = takeBatch()
      if (batch.length === 0) continue
      const gathered = gatherMs > 0 ? sleep(gatherMs) : undefined
      try {
        const values = await loadMany(batch.map(({ key }) => key))
        batch.forEach(({ loaded }, index) => loaded.resolve(values[index]!))
      } catch (error) {
        for (const { loaded } of batch) loaded.reject(error)
      }
      // After a full batch more requests are already waiting.
      if (gathered !== undefined && batch.length < batchMax) await gathered
    }
    running -= 1
  }

  return (key, isWanted = () => true) => {
    const loaded = Promise.withResolvers<Value>()
    queue.push({ key, isWanted, loaded })
    if (running < concurrency) void run()
    return loaded.promise
  }
}
