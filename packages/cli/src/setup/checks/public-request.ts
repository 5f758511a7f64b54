import { request } from 'node:https'

export interface PublicRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The certificate authority, where it is not a public one. */
  readonly ca: string | undefined
}

export interface PublicResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export const TIMEOUT_MS = 10_000
const BODY_LENGTH_MAX = 1024 * 1024

/** Requests as others do, by the public name. @throws the network's errors. */
export function requestPublic(url: URL, { method = 'GET', headers = {}, body, ca }: PublicRequest) {
  return new Promise<PublicResponse>((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const options = { method, headers, signal, agent: false as const, ...(ca === undefined ? {} : { ca }) }
    request(url, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (text.length < BODY_LENGTH_MAX) text += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
    })
      .on('error', reject)
      .end(body)
  })
}

/** What a network error means for a person. */
export const reasonOf = (error: unknown): string => {
  const { code, message, cause } = error as NodeJS.ErrnoException
  // What `fetch` throws has the reason as its cause.
  if (message === 'fetch failed' && cause !== undefined) return reasonOf(cause)
  return code === 'ABORT_ERR' || (error as Error).name === 'TimeoutError'
    ? 'no response'
    : ((message || code) ?? 'failed')
}
