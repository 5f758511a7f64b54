import { WebSocket } from 'ws'
import { TIMEOUT_MS } from './public-request.ts'

/** A connection as a browser opens it from a page. */
export interface PageSocket {
  send(message: object): void
  /** Waits for a message of a type. @throws Error when the connection is closed or nothing comes in time. */
  next(type: string, fits?: (message: Message) => boolean): Promise<Message>
  close(): void
}

export type Message = Readonly<Record<string, unknown>> & { readonly type: string }

/** The server's response to an upgrade that it did not accept. */
export class UpgradeRejected extends Error {
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.name = 'UpgradeRejected'
    this.status = status
  }
}

/** @throws UpgradeRejected, and the network's errors. */
export async function openPageSocket(url: string, origin: string, ca: string | undefined): Promise<PageSocket> {
  const socket = new WebSocket(url, {
    origin,
    handshakeTimeout: TIMEOUT_MS,
    ...(ca === undefined ? {} : { ca }),
  })
  const received: Message[] = []
  let ended: string | undefined
  let wake = (): void => undefined
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message
    if (message.type === 'ping') socket.send('{"type":"pong"}')
    received.push(message)
    wake()
  })
  socket.on('close', (code, reason) => {
    ended = `closed with ${code} ${reason.toString()}`
    wake()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, { statusCode = 0 }) => {
      reject(new UpgradeRejected(statusCode))
      socket.terminate()
    })
  })
  socket.on('error', () => undefined)

  return {
    send: (message) => socket.send(JSON.stringify(message)),
    async next(type, fits = () => true) {
      const timeout = AbortSignal.timeout(TIMEOUT_MS)
      for (;;) {
        const index = received.findIndex((message) => message.type === type && fits(message))
        if (index >= 0) return received.splice(index, 1)[0]!
        const error = received.find((message) => message.type === 'error')
        if (error !== undefined) throw new Error(`${String(error['code'])}: ${String(error['message'])}`)
        if (ended !== undefined) throw new Error(ended)
        if (timeout.aborted) throw new Error(`no ${type} arrived within ${TIMEOUT_MS / 1000} s`)
        await new Promise<void>((resolve) => {
          wake = resolve
          timeout.addEventListener('abort', () => resolve(), { once: true })
        })
      }
    },
    close: () => socket.terminate(),
  }
}
