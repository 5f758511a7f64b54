import { parseSecret } from '@paxyo/standard-webhooks'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const KEY = parseSecret(SECRET)!

/** A webhook as the panel received it. */
export interface Received {
  readonly id: string
  readonly headers: Record<string, string>
  readonly body: string
}

export type Respond = (received: Received, response: ServerResponse, request: IncomingMessage) => void

/** A panel's server that records webhooks and responds with `respond`. */
export interface TestPanel extends AsyncDisposable {
  readonly url: string
  /** Without pings, which the environment's endpoint gets at the start. */
  readonly received: Received[]
  readonly pings: Received[]
  respond: Respond
  respondToPing: Respond
}

export async function startTestPanel(
  respond: Respond = (_received, response) => response.end('ok'),
): Promise<TestPanel> {
  const received: Received[] = []
  const pings: Received[] = []
  const server = createServer((request, response) => void receive(request, response))
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = request.headers as Record<string, string>
    const webhook = { id: headers['webhook-id']!, headers, body: await text(request) }
    const isPing = webhook.body.startsWith('{"type":"ping"')
    ;(isPing ? pings : received).push(webhook)
    ;(isPing ? panel.respondToPing : panel.respond)(webhook, response, request)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const panel: TestPanel = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/refunds`,
    received,
    pings,
    respond,
    respondToPing: (_ping, response) => response.end('ok'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return panel
}
