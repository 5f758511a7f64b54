import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A server whose responses a client of it decides beforehand, by their names. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
}

interface Received {
  readonly method: string
  readonly path: string
  readonly key: string | null
  readonly body: string
}

const problem = (status: number, code: string): [number, object] => [status, { title: 'A title.', status, code }]
const order = (orderId: string): object => ({ orderId, userId: 'ann', status: 'pending' })
const account = (userId: string): object => ({ account: { userId, balance: '2.5', mode: 'kept' }, seq: 3 })

const RESPONSES: Readonly<Record<string, readonly [number, object | string]>> = {
  '200': [200, { isDone: true }],
  '401': problem(401, 'unauthorized'),
  '409': problem(409, 'order_final'),
  '410': problem(410, 'cursor_expired'),
  '429': problem(429, 'authentication_throttled'),
  '503': problem(503, 'database_unavailable'),
  html: [200, '<html>Welcome to nginx!</html>'],
  copy1: [200, { data: [order('A-1')], nextCursor: 'page-2', changesCursor: 'c.1' }],
  copy2: [200, { data: [order('A-2')], nextCursor: null, changesCursor: 'c.1' }],
  accounts1: [200, { data: [account('ann')], nextCursor: 'page-2' }],
  accounts2: [200, { data: [account('bob')], nextCursor: null }],
  change: [200, { data: [{ id: 'c.2', type: 'order.updated' }], cursor: 'c.2', hasMore: false }],
}

/** `GET /script?503%20200` sets the next responses, and `GET /requests` returns the requests since then. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  let script: string[] = []
  let received: Received[] = []

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!
    response.setHeader('connection', 'close')
    if (path.startsWith('/script?')) {
      script = decodeURIComponent(path.slice('/script?'.length)).split(' ')
      received = []
      response.end()
      return
    }
    if (path === '/requests') {
      response.end(JSON.stringify(received))
      return
    }
    const key = (request.headers['idempotency-key'] as string | undefined) ?? null
    received.push({ method: request.method!, path, key, body: await text(request) })
    const step = script.shift() ?? '409'
    if (step === 'reset') return void request.socket.resetAndDestroy()
    const [status, body] = RESPONSES[step]!
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  const server = createServer((request, response) => void respond(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
