import { problemSchema } from '@paxyo/contracts'
import type { ExitReason } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { explainNetworkError } from '../explain-network-error.ts'
import { settings, type Environment } from '../settings.ts'

const TIMEOUT_MS = 30_000
/** What our API answers with; a page of a hundred is far below it. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024

/** The panel's API, as the holder of PAXYO_API_KEY. */
export interface ApiClient {
  /** @throws Failure with the API's own words when it refuses, and when it cannot be reached. */
  get<Answer>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Answer>
  /** @param idempotencyKey the same request with the same key has its effect once */
  post<Answer>(path: string, body: object | undefined, idempotencyKey: string): Promise<Answer>
}

interface ApiRequest {
  readonly method?: 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Reads PAXYO_URL and PAXYO_API_KEY. */
export async function connectApi(env: Environment, signal: AbortSignal): Promise<ApiClient> {
  const { PAXYO_URL, PAXYO_API_KEY } = await settings(env, ['PAXYO_URL', 'PAXYO_API_KEY'])
  const base = PAXYO_URL.endsWith('/') ? PAXYO_URL : `${PAXYO_URL}/`

  async function ask<Answer>(path: string, init: ApiRequest = {}): Promise<Answer> {
    const url = new URL(path.replace(/^\//, ''), base)
    try {
      const response = await fetch(url, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${PAXYO_API_KEY}` },
        // A redirect would carry the key to somebody else.
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
      const text = await response.text()
      if (text.length > ANSWER_BYTES_MAX) throw new Failure('refused', `${url.origin} answered with too much`)
      if (!response.ok) throw refusal(response.status, text, url)
      return JSON.parse(text) as Answer
    } catch (error) {
      throw explain(error, url)
    }
  }

  return {
    get: (path, query = {}) => {
      const given = Object.entries(query).filter(([, value]) => value !== undefined)
      const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))
      return ask(search.size === 0 ? path : `${path}?${search.toString()}`)
    },
    post: (path, body, idempotencyKey) =>
      ask(path, {
        method: 'POST',
        headers: { 'idempotency-key': idempotencyKey, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
  }
}

/** @returns the API's own words, where it has said any. */
function refusal(status: number, text: string, url: URL): Failure {
  const problem = problemSchema.safeParse(parse(text))
  if (!problem.success) {
    const mend = 'PAXYO_URL must be the address of webhook-ingest.'
    return new Failure('refused', `${url.origin} answered with ${status}, and not as our API does`, mend)
  }
  const { title, detail, code } = problem.data
  const message = `${title}${detail === undefined ? '' : ` ${detail}`} (${code})`
  if (status === 401) return new Failure('refused', message, 'Set PAXYO_API_KEY to a key in force: paxyo keys create.')
  return new Failure(reasonOf(status), message)
}

function reasonOf(status: number): ExitReason {
  if (status === 404) return 'not_found'
  return status >= 500 ? 'unreachable' : 'refused'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function explain(error: unknown, url: URL): Failure {
  if (error instanceof Failure) return error
  const network = explainNetworkError(error, 'webhook-ingest', url, 'PAXYO_URL')
  return (
    network ?? new Failure('unreachable', `${url.origin}: ${(error as Error).message}`, undefined, { cause: error })
  )
}
