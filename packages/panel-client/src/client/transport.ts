import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PanelApiError } from './panel-api-error.ts'
import { sendRequest } from './send-request.ts'

const TIMEOUT_MS = 15_000
const RETRIES = 3
/** The pause before the first retry; it doubles with each. */
const RETRY_DELAY_MS = 250
const RETRY_DELAY_MS_MAX = 10_000
/** No connection, a server that is being replaced or overloaded, and a key whose first request is still in flight. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

export interface PanelClientOptions {
  /** The URL of webhook-ingest, such as `http://webhook-ingest:8080`. */
  readonly url: string
  readonly apiKey: string
  /** The runtime's by default. */
  readonly fetch?: typeof fetch
  /** The time limit of each attempt; 15 s by default. */
  readonly timeoutMs?: number
  /** How often a request is retried after a transient failure; 3 by default. */
  readonly retries?: number
  /** Ends every request, and the pauses between attempts. */
  readonly signal?: AbortSignal
}

export interface RequestOptions {
  /** Requests with the same key take effect once; random by default. */
  readonly idempotencyKey?: string
}

export type Query = Readonly<Record<string, string | number | undefined>>

/**
 * The panel API over HTTP. Every request can be retried safely: a GET changes nothing, and all attempts of a POST
 * or a PUT carry the same Idempotency-Key.
 */
export interface Transport {
  get<Response>(path: string, query?: Query): Promise<Response>
  post<Response>(path: string, body?: object, options?: RequestOptions): Promise<Response>
  put<Response>(path: string, body: object, options?: RequestOptions): Promise<Response>
}

interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  readonly query?: Query
}

export function createTransport(options: PanelClientOptions): Transport {
  const { url, apiKey, timeoutMs = TIMEOUT_MS, retries = RETRIES, signal } = options
  const base = url.endsWith('/') ? url : `${url}/`
  const fetchResponse = options.fetch ?? fetch

  async function send(method: 'GET' | 'POST' | 'PUT', path: string, init: SendOptions) {
    const { headers, body, query = {} } = init
    const request = {
      method,
      url: toUrl(base, path, query),
      headers: {
        ...headers,
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      timeoutMs,
      signal,
    }
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await sendRequest(fetchResponse, request)
      } catch (error) {
        const delayMs = attempt < retries ? retryDelayMs(error, attempt) : undefined
        if (delayMs === undefined) throw error
        await sleep(delayMs, undefined, { signal })
      }
    }
  }

  return {
    get: async <Response>(path: string, query: Query = {}) => (await send('GET', path, { query })) as Response,
    post: async <Response>(path: string, body?: object, key?: RequestOptions) =>
      (await send('POST', path, keyed(key, body))) as Response,
    put: async <Response>(path: string, body: object, key?: RequestOptions) =>
      (await send('PUT', path, keyed(key, body))) as Response,
  }
}

const keyed = ({ idempotencyKey = randomUUID() }: RequestOptions = {}, body?: object): SendOptions => ({
  headers: { 'idempotency-key': idempotencyKey },
  ...(body === undefined ? {} : { body }),
})

function toUrl(base: string, path: string, query: Query): URL {
  const url = new URL(path.slice(1), base)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

/** @returns undefined when a retry cannot help, or the API asks for a pause that is too long for a caller. */
function retryDelayMs(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof PanelApiError) || !isTransient(error)) return undefined
  const delayMs = Math.max(error.retryAfterMs ?? 0, RETRY_DELAY_MS * 2 ** attempt)
  return delayMs > RETRY_DELAY_MS_MAX ? undefined : delayMs
}

function isTransient({ code, status }: PanelApiError): boolean {
  if (code === 'idempotency_key_in_use') return true
  return status === undefined || RETRYABLE_STATUSES.has(status)
}
