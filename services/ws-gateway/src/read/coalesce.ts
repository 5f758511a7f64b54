import { setTimeout as sleep } from 'node:timers/promises'

/** Loads values for many keys at once; results in the order of the keys. */
export type LoadMany<Key, Value> = (keys: readonly Key[]) => Promise<readonly Value[]>

export interface CoalesceOptions {
  /** The most keys in one load. */
  readonly batchMax: number
  /** How many loads may run at once; what is asked for in the meantime forms the next ones. */
  readonly concurrency: number
  /** The least time from one load to the next while there is always something to ask. */
  readonly gatherMs?: number
}

interface Waiting<Key, Value> {
  readonly key: Key
  readonly isWanted: () => boolean
  readonly loaded: PromiseWithResolvers<Value>
}

/**
 * Turns single questions into batched ones: a lone question is asked at once, and those that come while others are being
 * answered, or right afterwards, are asked together. So a thousand within a second cost no more than a second has room
 * for loads. While loads are slow clients give up and come back: what nobody waits for any more when its turn comes is
 * not asked, or those who wait would stand behind those who left.
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
      loaded.reject(new Error('nobody waits for it any more'))
      return false
    })
  }

  async function run(): Promise<void> {
    running += 1
    // Whatever else is asked in this turn of the event loop goes along.
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
      // A full batch means that more is waiting already.
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
