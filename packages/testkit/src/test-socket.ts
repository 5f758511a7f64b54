import type { ClientMessage, Position, ServerMessage } from '@paxyo/contracts'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { eventually } from './eventually.ts'

type MessageOf<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>

/** A client of the plain protocol, without the SDK. */
export interface TestSocket {
  readonly socket: WebSocket
  /** All received messages in order, without pings, which arrive at any time; parsed and as text. */
  readonly messages: ServerMessage[]
  readonly frames: string[]
  /** How many pings were received. */
  readonly pings: number
  send(message: ClientMessage | string): void
  /** Waits for the first matching message of a type that was not returned before. */
  next<Type extends ServerMessage['type']>(
    type: Type,
    fits?: (message: MessageOf<Type>) => boolean,
    timeoutMs?: number,
  ): Promise<MessageOf<Type>>
  events(): MessageOf<'event'>[]
  /** Waits for the connection to be closed by the server. */
  closed(timeoutMs?: number): Promise<{ code: number; reason: string }>
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
}

/** Opens a connection to a gateway's `http://…` or `https://…` address and, when there is a token, sends `hello`. */
export async function connectSocket(url: string, options: ConnectSocketOptions = {}): Promise<TestSocket> {
  const { token, resume, origin, ca, respondsToPings = true } = options
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    ...(origin === undefined ? {} : { origin }),
    ...(ca === undefined ? {} : { ca }),
  })
  const messages: ServerMessage[] = []
  const frames: string[] = []
  const returned = new Set<ServerMessage>()
  let pings = 0
  let closed: { code: number; reason: string } | undefined
  const send = (message: ClientMessage | string): void =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))

  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as ServerMessage
    if (message.type === 'ping') {
      pings += 1
      if (respondsToPings) send({ type: 'pong' })
      return
    }
    messages.push(message)
    frames.push(data.toString())
  })
  socket.on('error', () => undefined)
  socket.on('close', (code, reason) => (closed = { code, reason: reason.toString() }))
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'unexpected-response').then(([, response]: { statusCode: number }[]) => {
      throw new Error(`rejected with ${response?.statusCode}`)
    }),
  ])
  if (token !== undefined) send({ type: 'hello', token, ...(resume === undefined ? {} : { resume }) })

  return {
    socket,
    messages,
    frames,
    get pings() {
      return pings
    },
    send,
    next: (type, fits = () => true, timeoutMs) =>
      eventually(() => {
        const found = messages.find(
          (message): message is MessageOf<typeof type> =>
            message.type === type && !returned.has(message) && fits(message as MessageOf<typeof type>),
        )
        if (found !== undefined) returned.add(found)
        return found
      }, timeoutMs),
    events: () => messages.filter((message) => message.type === 'event'),
    closed: (timeoutMs) => eventually(() => closed, timeoutMs),
    close: () => socket.terminate(),
  }
}
