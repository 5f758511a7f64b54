import type { ClientMessage, Position } from '@paxyo/contracts'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { createInbox, type TestInbox } from './test-inbox.ts'

/** A client of the plain protocol over a WebSocket, without the SDK. */
export interface TestSocket extends TestInbox {
  readonly socket: WebSocket
  send(message: ClientMessage | string): void
  close(): void
}

export interface ConnectSocketOptions {
  readonly token?: string
  readonly resume?: Position
  readonly origin?: string
  /** Whether to respond to pings; a dead peer does not. */
  readonly respondsToPings?: boolean
  /** The certificate authority of an `https` address. */
  readonly ca?: string
  /** The address from which it connects. */
  readonly localAddress?: string
}

/** Opens a connection to a gateway's `http://…` or `https://…` address and, when there is a token, sends `hello`. */
export async function connectSocket(url: string, options: ConnectSocketOptions = {}): Promise<TestSocket> {
  const { token, resume, origin, ca, localAddress, respondsToPings = true } = options
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    ...(origin === undefined ? {} : { origin }),
    ...(ca === undefined ? {} : { ca }),
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  const inbox = createInbox()
  const send = (message: ClientMessage | string): void =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))

  socket.on('message', (data: Buffer) => {
    const isPing = inbox.receive(data.toString())
    if (isPing && respondsToPings) send({ type: 'pong' })
  })
  socket.on('error', () => undefined)
  socket.on('close', (code, reason) => inbox.end({ code, reason: reason.toString() }))
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'unexpected-response').then(([, response]: { statusCode: number }[]) => {
      throw new Error(`rejected with ${response?.statusCode}`)
    }),
  ])
  if (token !== undefined) send({ type: 'hello', token, ...(resume === undefined ? {} : { resume }) })

  return Object.assign(inbox, { socket, send, close: () => socket.terminate() })
}
