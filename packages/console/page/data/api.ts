import { randomId } from '../kit/id.ts'

/** A response that is not 2xx, or none (`status` 0). */
export class ApiProblem extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** The problem of a failed request, also of an error that is not the server's, such as a response that is not JSON. */
export const toProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem('unreadable', 0, String(error))

export type Query = Readonly<Record<string, string | number | undefined>>

export interface SendOptions {
  readonly query?: Query
  readonly body?: object
  /** Requests with the same key take effect once. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

let onSignedOut: () => void = () => undefined

/** Called when the server no longer accepts the session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

/** A path in which ids are escaped. */
export const path = (parts: TemplateStringsArray, ...ids: readonly string[]): string =>
  String.raw({ raw: parts }, ...ids.map(encodeURIComponent))

export const get = <Response>(url: string, query?: Query, signal?: AbortSignal): Promise<Response> =>
  send('GET', url, { ...(query && { query }), ...(signal && { signal }) })

/** Every POST has an Idempotency-Key: a repeated click on the same question takes effect once. */
export const post = <Response>(url: string, body?: object, idempotencyKey = randomId()): Promise<Response> =>
  send('POST', url, { ...(body && { body }), idempotencyKey })

export async function send<Response>(method: Method, url: string, options: SendOptions = {}): Promise<Response> {
  const { body, idempotencyKey, signal } = options
  const response = await fetch(withQuery(url, options.query), {
    method,
    credentials: 'same-origin',
    headers: {
      // Another site's page cannot send this header without the server's permission.
      'x-paxyo-console': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error
    throw new ApiProblem('unreachable', 0, '')
  })
  if (!response.ok) throw await problemOf(url, response)
  return (response.status === 204 ? undefined : await response.json()) as Response
}

async function problemOf(url: string, response: Response): Promise<ApiProblem> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; title?: string; detail?: string }
  if (response.status === 401 && url.startsWith('/v1/')) onSignedOut()
  return new ApiProblem(problem.code ?? 'http_error', response.status, problem.detail ?? problem.title ?? '')
}

function withQuery(url: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
  const text = parameters.toString()
  return text === '' ? url : `${url}?${text}`
}
