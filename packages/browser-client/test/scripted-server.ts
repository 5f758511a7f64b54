import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocketServer, type WebSocket } from 'ws'

/** A server that sends any messages, also ones that no gateway sends. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  /** The hellos that it has received. */
  readonly hellos: { readonly resume?: unknown; readonly token: string }[]
}

/** The requests for orders of a connection, and a function that responds. */
type OnRequest = (
  request: { readonly type: string; readonly ids?: readonly string[] },
  say: (message: object) => void,
) => void

type Script = (say: (message: object | string) => void, socket: WebSocket, visit: number) => void | Promise<void>

/** Runs the script after each hello; visits count from 0. */
/** @param onRequest responds to a `page` or `orders`. */
export async function startScriptedServer(script: Script, onRequest?: OnRequest): Promise<ScriptedServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const hellos: { resume?: unknown; token: string }[] = []
  server.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; token: string }
      const say = (what: object | string): void => socket.send(typeof what === 'string' ? what : JSON.stringify(what))
      if (message.type === 'page' || message.type === 'orders') onRequest?.(message, say)
      if (message.type !== 'hello') return
      hellos.push(message)
      void script(say, socket, hellos.length - 1)
    }),
  )
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/ws`,
    hellos,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An HTTP stream that a client has opened. */
export interface ScriptedStream {
  /** What the client has sent: `hello`, and what follows it. */
  readonly messages: { readonly type: string; readonly [member: string]: unknown }[]
  readonly isClosed: boolean
  say(message: object): void
  /** Ends it with a close code, as a gateway does. */
  end(code: number, reason: string): void
}

/** A server of HTTP streams that rejects WebSockets, as the network before it does. */
export interface ScriptedStreams extends AsyncDisposable {
  readonly url: string
  /** In the order in which they were opened. */
  readonly streams: ScriptedStream[]
  /** The handshakes of WebSockets. */
  readonly handshakes: number
  /** The status and the problem with which the next streams are rejected. */
  rejection: { readonly status: number; readonly code: string } | undefined
}

export async function startScriptedStreams(): Promise<ScriptedStreams> {
  const streams: ScriptedStream[] = []
  let handshakes = 0
  const server = createServer((request, response) => void respond(request, response))
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const problem = request.method === 'POST' ? scripted.rejection : { status: 426, code: 'upgrade_required' }
    if (problem !== undefined) {
      response.writeHead(problem.status).end(JSON.stringify({ ...problem, title: problem.code }))
      return
    }
    const messages = (await text(request)).split('\n').map((line) => JSON.parse(line) as { type: string })
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.push({
      messages,
      get isClosed() {
        return response.closed
      },
      say: (message) => void response.write(`data: ${JSON.stringify(message)}\n\n`),
      end: (code, reason) => void response.end(`event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`),
    })
  }
  server.on('upgrade', (_request, socket) => {
    handshakes += 1
    socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const scripted: ScriptedStreams = {
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/ws`,
    streams,
    get handshakes() {
      return handshakes
    },
    rejection: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return scripted
}

export const welcome = (seq: number, more: object = {}) => ({
  type: 'welcome',
  protocol: 1,
  userId: 'ann',
  epoch: 'e',
  seq,
  mode: 'snapshot',
  orders: [],
  pingIntervalMs: 25_000,
  ...more,
})

export const event = (seq: number) => ({
  type: 'event',
  seq,
  event: 'account.updated',
  at: '2026-11-22T18:00:00.000Z',
  account: { balance: `${seq}`, currency: 'USD' },
})
