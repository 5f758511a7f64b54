import { boundedText, problemSchema } from '@paxyo/contracts'
import { PanelApiError, type PanelApiErrorCode } from './panel-api-error.ts'

/** Far more than the largest responses: a page of a hundred orders, or a thousand results. */
const RESPONSE_BYTES_MAX = 16 * 1024 * 1024

/** Accepts any code: a newer server may send codes that this version does not list. */
const anyProblemSchema = problemSchema.extend({ code: boundedText(64, /^[a-z_]+$/, 'must be an error code') })

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * Sends a request once.
 *
 * @returns the parsed body of a successful response.
 * @throws PanelApiError, and the reason of `signal` when it is aborted.
 */
export async function sendRequest(fetchResponse: typeof fetch, request: HttpRequest): Promise<unknown> {
  const { url, timeoutMs, signal, method, headers, body } = request
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetchResponse(url, {
      method,
      headers,
      // Following a redirect would send the API key to another server.
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body }),
    })
    const parsed = parse(await readText(response, url))
    if (!response.ok) throw rejection(response, parsed, url)
    if (typeof parsed !== 'object' || parsed === null) throw unexpected(url, response.status)
    return parsed
  } catch (error) {
    if (error instanceof PanelApiError) throw error
    signal?.throwIfAborted()
    if (timeout.aborted) {
      const title = `${url.origin} did not respond within ${timeoutMs} ms.`
      throw new PanelApiError({ code: 'timed_out', title, cause: error })
    }
    throw new PanelApiError({ code: 'unreachable', title: `${url.origin} cannot be reached.`, cause: error })
  }
}

async function readText(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > RESPONSE_BYTES_MAX) throw unexpected(url, response.status)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function rejection({ status, headers }: Response, body: unknown, url: URL): PanelApiError {
  const problem = anyProblemSchema.safeParse(body)
  if (!problem.success) return unexpected(url, status)
  const { code, title, detail } = problem.data
  const retryAfterS = Number(headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = Number.isFinite(retryAfterS) ? retryAfterS * 1000 : undefined
  return new PanelApiError({ code: code as PanelApiErrorCode, title, status, detail, retryAfterMs })
}

function unexpected(url: URL, status: number): PanelApiError {
  const title = `${url.origin} responded with ${status}, and not as the panel API does.`
  return new PanelApiError({ code: 'unexpected_response', title, status })
}
