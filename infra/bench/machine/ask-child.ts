import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Sends a message to a child and waits for its one answer. */
export async function ask<Answer>(child: ChildProcess, message: object, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs)
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('the load generator ended')
  })
  const answered = once(child, 'message', { signal })
  child.send(message)
  const [answer] = (await Promise.race([answered, ended])) as [Answer | { error: string }]
  ended.catch(() => undefined)
  if (typeof answer === 'object' && answer !== null && 'error' in answer) throw new Error(answer.error)
  return answer
}
