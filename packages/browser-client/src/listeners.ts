import type { ClientEvent, ClientEventOf, ClientEventType } from './api.ts'
import { ClientError } from './client-error.ts'

type AnyListener = (event: ClientEvent) => void

/** What a loop may be behind. */
const QUEUE_MAX = 1_000

/** Who is told what happens: callbacks by type, and loops over everything. */
export class Listeners {
  readonly #byType = new Map<ClientEventType, Set<{ readonly listener: AnyListener }>>()
  readonly #loops = new Set<Loop>()
  #ended: { readonly error?: ClientError } | undefined

  on<Type extends ClientEventType>(
    type: Type,
    listener: (event: ClientEventOf<Type>) => void,
    signal?: AbortSignal,
  ): () => void {
    const entry = { listener: listener as AnyListener }
    const entries = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, entries)
    const remove = (): void => {
      entries.delete(entry)
      signal?.removeEventListener('abort', remove)
    }
    if (signal?.aborted !== true) {
      entries.add(entry)
      signal?.addEventListener('abort', remove)
    }
    return remove
  }

  /** A listener that throws is reported and harms nobody else. */
  emit(event: ClientEvent): void {
    for (const { listener } of this.#byType.get(event.type) ?? []) {
      try {
        listener(event)
      } catch (error) {
        report(error)
      }
    }
    for (const loop of this.#loops) loop.push(event)
  }

  /** Ends all loops, with the error when there is one. */
  end(error: ClientError | undefined): void {
    this.#ended = error === undefined ? {} : { error }
    for (const loop of this.#loops) loop.end(error)
  }

  iterate(): AsyncIterator<ClientEvent> {
    const loop = new Loop(() => this.#loops.delete(loop))
    if (this.#ended === undefined) this.#loops.add(loop)
    else loop.end(this.#ended.error)
    return loop
  }
}

interface Waiting {
  readonly resolve: (result: IteratorResult<ClientEvent>) => void
  readonly reject: (error: ClientError) => void
}

class Loop implements AsyncIterator<ClientEvent> {
  readonly #leave: () => void
  #queue: ClientEvent[] = []
  #waiting: Waiting[] = []
  #isOver = false
  /** Thrown once; after that the loop is over like any other. */
  #error: ClientError | undefined

  constructor(leave: () => void) {
    this.#leave = leave
  }

  push(event: ClientEvent): void {
    this.#queue.push(event)
    if (this.#queue.length > QUEUE_MAX) {
      this.#queue = []
      this.end(new ClientError('slow_consumer', `the loop fell ${QUEUE_MAX} events behind`, { final: true }))
    }
    this.#serve()
  }

  end(error?: ClientError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#error = error
    this.#leave()
    this.#serve()
  }

  next(): Promise<IteratorResult<ClientEvent>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#serve()
    })
  }

  return(): Promise<IteratorResult<ClientEvent>> {
    this.#queue = []
    this.end()
    return this.next()
  }

  #serve(): void {
    while (this.#waiting.length > 0 && (this.#isOver || this.#queue.length > 0)) {
      const { resolve, reject } = this.#waiting.shift()!
      const value = this.#queue.shift()
      if (value !== undefined) resolve({ done: false, value })
      else if (this.#error === undefined) resolve({ done: true, value })
      else reject(this.#error)
      if (value === undefined) this.#error = undefined
    }
  }
}

function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error)
  else
    setTimeout(() => {
      throw error
    })
}
