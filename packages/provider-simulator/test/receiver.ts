import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly bytes: Buffer
}

/** Receives webhooks and keeps them. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly received: Received[]
}

/** @param respond responds to the n-th request, counted from 1; by default with 200. */
export async function startReceiver(
  respond: (response: ServerResponse, count: number, request: Received) => void = (response) => response.end('{}'),
): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const one = { path: request.url ?? '', headers: request.headers, body: bytes.toString(), bytes }
      received.push(one)
      respond(response, received.length, one)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
