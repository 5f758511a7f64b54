import { retryAfterMs } from '@paxyo/service-kit/retry-after'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Attempt, DeliveryLog, OpenDelivery } from './delivery-log.ts'
import { authenticate, type WebhookAuthentication } from './authentication.ts'
import { createRandom } from './random.ts'
import { bytesOf } from './webhook-shapes.ts'

/** Where webhooks are sent, and how they are authenticated. */
export interface WebhookTarget {
  readonly url: string
  readonly authentication: WebhookAuthentication
}

export interface SenderOptions {
  /** How many webhooks are in flight at once; with 1 they arrive in order. */
  readonly connectionsMax?: number | undefined
  readonly log: DeliveryLog
  readonly retry: RetryOptions
}

export interface RetryOptions {
  /** How many times a webhook is sent at most. */
  readonly attemptsMax: number
  /** Doubled at every retry, and reduced by a random part of up to a half. */
  readonly delayMsMin: number
  /** Also the longest Retry-After that is followed. */
  readonly delayMsMax: number
  /** How long a response may take. */
  readonly timeoutMs: number
}

export const RETRY_DEFAULTS: RetryOptions = { attemptsMax: 8, delayMsMin: 100, delayMsMax: 5_000, timeoutMs: 10_000 }

export interface WebhookSender {
  /** Sends a webhook until it is acknowledged with 2xx or given up. */
  send(delivery: OpenDelivery, target: WebhookTarget, seed: number): Promise<void>
  /** Gives up all webhooks in flight. */
  close(): Promise<void>
}

const CONNECTIONS_MAX = 32
/** Responses to webhooks are small; a larger one is treated as no response. */
const RESPONSE_BYTES_MAX = 1_048_576

export function createWebhookSender({ log, retry, connectionsMax = CONNECTIONS_MAX }: SenderOptions): WebhookSender {
  const dispatcher = new Agent({ connections: connectionsMax, maxResponseSize: RESPONSE_BYTES_MAX })
  const closing = new AbortController()

  async function post(
    delivery: OpenDelivery,
    { url, authentication }: WebhookTarget,
  ): Promise<{ askedMs?: number | undefined; text?: string }> {
    const { messageId, contentType, contentEncoding, method = 'POST', endsWithSlash = false, body } = delivery
    const at = new Date()
    const bytes = method === 'GET' ? Buffer.alloc(0) : bytesOf(delivery)
    const signed = authenticate(authentication, url, messageId, bytes, at.getTime())
    const note = (result: Attempt['result']): void =>
      log.attempt(delivery, { at, durationMs: Date.now() - at.getTime(), result })
    const timeout = AbortSignal.timeout(retry.timeoutMs)
    try {
      const response = await request(`${signed.url}${endsWithSlash ? '/' : ''}${method === 'GET' ? `?${body}` : ''}`, {
        dispatcher,
        method,
        headers: {
          'user-agent': 'provider-simulator',
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
          ...(contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }),
          ...signed.headers,
        },
        body: method === 'GET' ? null : bytes,
        signal: AbortSignal.any([timeout, closing.signal]),
      })
      const text = await response.body.text()
      note(response.statusCode)
      if (response.statusCode >= 200 && response.statusCode < 300) return { text }
      return { askedMs: retryAfterMs(response.headers['retry-after'], Date.now()) }
    } catch {
      note(timeout.aborted ? 'timed_out' : 'unreachable')
      return {}
    }
  }

  return {
    async send(delivery, target, seed) {
      const random = createRandom(seed)
      for (let attempt = 1; attempt <= retry.attemptsMax && !closing.signal.aborted; attempt += 1) {
        const { text, askedMs = 0 } = await post(delivery, target)
        if (text !== undefined) return log.settle(delivery, 'acknowledged', text)
        if (attempt === retry.attemptsMax) break
        const delayMs = Math.min(retry.delayMsMin * 2 ** (attempt - 1), retry.delayMsMax) * (1 - random.next() / 2)
        await sleep(Math.max(delayMs, Math.min(askedMs, retry.delayMsMax)), undefined, {
          signal: closing.signal,
        }).catch(() => undefined)
      }
      log.settle(delivery, 'given_up')
    },
    async close() {
      closing.abort()
      await dispatcher.destroy()
    },
  }
}
