import { once } from 'node:events'
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

type Script = (say: (message: object | string) => void, socket: WebSocket, visit: number) => void

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
      script(say, socket, hellos.length - 1)
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
