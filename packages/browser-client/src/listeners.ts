import type { ClientEvent, ClientEventOf, ClientEventType } from './api.ts'
import { ClientError } from './client-error.ts'

type AnyListener = (event: ClientEvent) => void

/** How many events a loop may be behind. */
const QUEUE_MAX = 1_000

/** Delivers events to callbacks, by type, and to loops over all events. */
export class Listeners {
  readonly #byType = new Map<ClientEventType, Set<{ readonly listener: AnyListener }>>()
  readonly #loops = new Set<(event?: ClientEvent) => void>()
  #ended: { readonly error: ClientError | undefined } | undefined

  on<Type extends ClientEventType>(
    type: Type,
    listener: (event: ClientEventOf<Type>) => void,
    signal?: AbortSignal,
  ): () => void {
    // The same function may be added twice.
    const entry = { listener: listener as AnyListener }
    const entries = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, entries)
    const remove = (): void => void entries.delete(entry)
    if (signal?.aborted === true) return remove
    entries.add(entry)
    signal?.addEventListener('abort', remove, { once: true })
    return remove
  }

  /**
   * An error in a listener is reported and does not affect the others. A listener added meanwhile gets the next event.
   */
  emit(event: ClientEvent): void {
    const entries = this.#byType.get(event.type)
    for (const entry of Array.from(entries ?? [])) {
      if (entries?.has(entry) === true) isolated(() => entry.listener(event))
    }
    for (const push of this.#loops) push(event)
  }

  /** Ends all loops, with the error when there is one. */
  end(error: ClientError | undefined): void {
    this.#ended = { error }
    for (const push of this.#loops) push()
  }

  /** Starts to collect events when the first one is requested, which a loop does immediately. */
  async *iterate(): AsyncGenerator<ClientEvent, void> {
    const queue: ClientEvent[] = []
    let wake = (): void => undefined
    const push = (event?: ClientEvent): void => {
      // One more than the limit marks the overflow.
      if (event !== undefined && queue.length <= QUEUE_MAX) queue.push(event)
      wake()
    }
    this.#loops.add(push)
    try {
      for (;;) {
        if (queue.length > QUEUE_MAX) throw new ClientError('slow_consumer', 'the loop fell too far behind')
        const event = queue.shift()
        if (event !== undefined) yield event
        else if (this.#ended === undefined) await new Promise<void>((resolve) => (wake = resolve))
        else if (this.#ended.error === undefined) return
        else throw this.#ended.error
      }
    } finally {
      this.#loops.delete(push)
    }
  }
}

/** Calls a listener. Its error is reported as an uncaught one, so that pages and error trackers see it. */
export function isolated(call: () => void): void {
  try {
    call()
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}
