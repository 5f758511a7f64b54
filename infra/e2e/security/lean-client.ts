import { connect, type Socket } from 'node:net'

/** Requests to one server over kept connections. One costs a fraction of node:http's processor time, which the attacked services need. */
export interface LeanClient {
  /** Sends a request when a connection is free. @returns status 0 when the server disconnects without a response. */
  send(request: LeanRequest): Promise<LeanResponse>
  close(): void
}

export interface LeanRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface LeanResponse {
  readonly status: number
  readonly text: string
}

export interface LeanClientOptions {
  readonly connectionsMax: number
  readonly localAddress: string
}

interface Sending {
  readonly text: string
  readonly respond: (response: LeanResponse) => void
}

const DISCONNECTED: LeanResponse = { status: 0, text: '' }

/** Responses must have a length, as those of both services and of HAProxy have. */
export function createLeanClient(url: string, { connectionsMax, localAddress }: LeanClientOptions): LeanClient {
  const { hostname, port, host } = new URL(url)
  const waiting: Sending[] = []
  const idle: Socket[] = []
  const sockets = new Map<Socket, Sending | undefined>()

  function begin(socket: Socket, sending: Sending): void {
    sockets.set(socket, sending)
    socket.write(sending.text)
  }

  function open(): Socket {
    const socket = connect({ port: Number(port), host: hostname, localAddress, noDelay: true })
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const response = readResponse(received)
      if (response === undefined) return
      received = ''
      sockets.get(socket)?.respond(response)
      if (response.isLast) return void socket.destroy()
      const next = waiting.shift()
      if (next !== undefined) return begin(socket, next)
      sockets.set(socket, undefined)
      idle.push(socket)
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.get(socket)?.respond(DISCONNECTED)
      sockets.delete(socket)
      const index = idle.indexOf(socket)
      if (index !== -1) idle.splice(index, 1)
      const next = waiting.shift()
      if (next !== undefined) begin(open(), next)
    })
    return socket
  }

  return {
    send: ({ method, path, headers, body = '' }) =>
      new Promise((respond) => {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
        const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}`
        const text = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
        const socket = idle.pop()
        if (socket !== undefined) begin(socket, { text, respond })
        else if (sockets.size < connectionsMax) begin(open(), { text, respond })
        else waiting.push({ text, respond })
      }),
    close() {
      for (const socket of sockets.keys()) socket.destroy()
    },
  }
}

/** @returns undefined while it is incomplete. */
function readResponse(received: string): (LeanResponse & { readonly isLast: boolean }) | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = received.slice(0, headEnd)
  const length = Number(/\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  const end = headEnd + 4 + length
  if (received.length < end) return undefined
  const text = Buffer.from(received.slice(headEnd + 4, end), 'latin1').toString()
  return { status: Number(head.slice(9, 12)), text, isLast: /\nconnection: close/i.test(head) }
}
