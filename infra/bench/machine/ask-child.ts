import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Sends a message to a child and waits for its one result. */
export async function ask<Result>(child: ChildProcess, message: object, timeoutMs: number): Promise<Result> {
  const finished = new AbortController()
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), finished.signal])
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('the load generator ended')
  })
  const received = once(child, 'message', { signal })
  child.send(message)
  try {
    const [result] = (await Promise.race([received, ended])) as [Result | { error: string }]
    if (typeof result === 'object' && result !== null && 'error' in result) throw new Error(result.error)
    return result
  } finally {
    for (const waiting of [ended, received]) waiting.catch(() => undefined)
    finished.abort()
  }
}
