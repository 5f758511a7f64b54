import type { Position } from '@paxyo/contracts'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { createInbox, type TestInbox } from './test-inbox.ts'

/** A client of the plain protocol over `POST /stream`, without the SDK. */
export interface TestStream extends TestInbox {
  readonly response: IncomingMessage
  /** How many bytes were received. */
  bytes(): number
  close(): void
}

export interface ConnectStreamOptions {
  readonly token?: string
  readonly resume?: Position
  readonly origin?: string
  /** Instead of `hello`. */
  readonly body?: string | Buffer
  /** Such as `?padding=on`. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Opens a stream at a gateway's `http://…` address.
 *
 * @throws Error with the status of a rejection.
 */
export async function connectStream(url: string, options: ConnectStreamOptions = {}): Promise<TestStream> {
  const { token, resume, origin, body = JSON.stringify({ type: 'hello', token, resume }), query = '' } = options
  const sent = request(`${url}/stream${query}`, {
    method: 'POST',
    // Not the connection of another test.
    agent: false,
    headers: { 'content-type': 'text/plain', ...(origin === undefined ? {} : { origin }), ...options.headers },
  })
  sent.on('error', () => undefined).end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) {
    response.resume()
    throw new Error(`rejected with ${response.statusCode}`)
  }
  const inbox = createInbox()
  let bytes = 0
  let rest = ''
  response.setEncoding('utf8').on('data', (text: string) => {
    bytes += Buffer.byteLength(text)
    const parts = (rest + text).split('\n\n')
    rest = parts.pop()!
    for (const part of parts) receive(part)
  })
  const receive = (part: string): void => {
    const data = /^data: (.*)$/m.exec(part)?.[1]
    if (data === undefined) return
    if (/^event: close$/m.test(part)) inbox.end(JSON.parse(data) as { code: number; reason: string })
    else inbox.receive(data)
  }
  response.on('error', () => undefined).on('close', () => inbox.end({ code: 1006, reason: '' }))

  return Object.assign(inbox, {
    response,
    bytes: () => bytes,
    close: () => void sent.destroy(),
  })
}
