import { retryAfterMs } from '@paxyo/service-kit/retry-after'
import { setTimeout as sleep } from 'node:timers/promises'
import pThrottle from 'p-throttle'
import { Agent, errors, request, type Dispatcher } from 'undici'
import { ProviderError } from '@paxyo/order-core'
import { firstWords } from './responses.ts'

export interface TransportOptions {
  readonly url: string
  readonly key: string
  /** How many requests may begin per second, retries included. */
  readonly requestsPerSecond: number
  /** How long one attempt may take, including the response. */
  readonly timeoutMs: number
  /** How many times a read-only request is sent at most. */
  readonly attemptsMax: number
}

export type Parameters = Readonly<Record<string, string>>

export interface Transport {
  /** Sends a read-only request, and retries where that may help. @throws ProviderError */
  ask(action: string, parameters: Parameters, bytesMax: number): Promise<string>
  /** Sends a request once. @throws ProviderError `outcome_unknown` if the provider may have processed it */
  order(action: string, parameters: Parameters, bytesMax: number): Promise<string>
  close(): Promise<void>
}

const CONNECTIONS_MAX = 4
/** How many requests may be queued. */
const QUEUE_MAX = 1000
const RETRY_DELAY_MS_MIN = 250
/** Also the longest Retry-After that is followed; a longer one is reported to the caller. */
const RETRY_DELAY_MS_MAX = 5_000

/** Errors of connections that were never made: the provider cannot have seen the request. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Sends forms to one address with a key, and returns the response as text. Rate, queue, time and size are limited. */
export function createTransport({ url, key, requestsPerSecond, timeoutMs, attemptsMax }: TransportOptions): Transport {
  const dispatcher = new Agent({ connections: CONNECTIONS_MAX, connect: { timeout: timeoutMs } })
  const closing = new AbortController()
  const throttle = pThrottle({ limit: requestsPerSecond, interval: 1000, strict: true, signal: closing.signal })
  const send = throttle(sendOnce)

  async function sendOnce(action: string, parameters: Parameters, bytesMax: number): Promise<string> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal])
    try {
      const response = await request(url, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams({ ...parameters, key, action }).toString(),
        signal,
      })
      const text = await readText(response, bytesMax)
      if (response.statusCode === 200) return text
      throw httpError(response, firstWords(text, key))
    } catch (error) {
      if (error instanceof ProviderError) throw error
      throw connectionError(error, closing.signal.aborted)
    }
  }

  async function sendInTurn(action: string, parameters: Parameters, bytesMax: number): Promise<string> {
    if (closing.signal.aborted) throw new ProviderError('closed')
    if (send.queueSize >= QUEUE_MAX) throw new ProviderError('queue_full')
    try {
      return await send(action, parameters, bytesMax)
    } catch (error) {
      throw error instanceof ProviderError ? error : new ProviderError('closed')
    }
  }

  return {
    async ask(action, parameters, bytesMax) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await sendInTurn(action, parameters, bytesMax)
        } catch (error) {
          const waitMs = retryDelayMs(error as ProviderError, attempt)
          if (attempt >= attemptsMax || waitMs === undefined) throw error
          await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => undefined)
        }
      }
    },
    async order(action, parameters, bytesMax) {
      try {
        return await sendInTurn(action, parameters, bytesMax)
      } catch (error) {
        const { code, status = 0 } = error as ProviderError
        const mayBePlaced = code === 'timed_out' || code === 'response_too_large' || status >= 500
        throw mayBePlaced ? new ProviderError('outcome_unknown', undefined, { status, cause: error }) : error
      }
    },
    async close() {
      closing.abort()
      await dispatcher.destroy()
    },
  }
}

/** @returns how long to wait before the next attempt; `undefined` when another one would not help. */
function retryDelayMs({ code, status, retryAfterMs: askedMs = 0 }: ProviderError, attempt: number): number | undefined {
  const mayHelp =
    code === 'unreachable' || code === 'timed_out' || code === 'rate_limited' || (status !== undefined && status >= 500)
  if (!mayHelp || askedMs > RETRY_DELAY_MS_MAX) return undefined
  const delayMs = Math.min(RETRY_DELAY_MS_MIN * 2 ** (attempt - 1), RETRY_DELAY_MS_MAX)
  return Math.max(askedMs, delayMs * (0.5 + Math.random() / 2))
}

async function readText({ body }: Dispatcher.ResponseData, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Leaving the loop closes the connection.
    if (bytes > bytesMax) throw new ProviderError('response_too_large', `more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A redirect is an error, too: the key goes to the address that was configured and to no other. */
function httpError({ statusCode, headers }: Dispatcher.ResponseData, words: string): ProviderError {
  const code = statusCode === 429 || statusCode === 503 ? 'rate_limited' : 'http_error'
  const waitMs = retryAfterMs(headers['retry-after'], Date.now())
  return new ProviderError(code, `status ${statusCode}: ${words}`, { status: statusCode, retryAfterMs: waitMs })
}

function connectionError(error: unknown, isClosing: boolean): ProviderError {
  if (isClosing) return new ProviderError('closed')
  const code = Error.isError(error) && 'code' in error ? String(error.code) : ''
  // When a name has several addresses, each may have failed differently.
  const codes =
    error instanceof AggregateError ? error.errors.map((inner) => (inner as { code?: string }).code) : [code]
  const neverSent =
    error instanceof errors.ConnectTimeoutError ||
    codes.every((each) => NEVER_SENT.has(each ?? '') || isTls(each ?? ''))
  return new ProviderError(neverSent ? 'unreachable' : 'timed_out', code === '' ? undefined : code, { cause: error })
}

/** A certificate that is not accepted ends the connection before anything is sent. */
const isTls = (code: string): boolean => code.startsWith('ERR_TLS_') || code.includes('CERT')
