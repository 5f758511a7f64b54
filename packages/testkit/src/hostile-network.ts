import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'

/** What a network between a browser and a gateway does to HTTP. All of it can change while it runs. */
export interface NetworkFaults {
  /** Handshakes of WebSockets get 403, as from a proxy that does not know them. */
  rejectsUpgrades: boolean
  /** WebSockets open, and are broken after this time. */
  tunnelMsMax: number
  /** Responses are passed on in blocks of this size; the rest when the response ends. */
  blockBytes: number
  /** Responses are broken after this time. */
  responseMsMax: number
}

/** A real HTTP proxy before a server. */
export interface HostileNetwork extends AsyncDisposable, NetworkFaults {
  readonly url: string
  /** The handshakes of WebSockets, and the requests for streams, that went through it. */
  readonly attempts: { websocket: number; stream: number }
}

const NO_FAULTS: NetworkFaults = {
  rejectsUpgrades: false,
  tunnelMsMax: Infinity,
  blockBytes: 1,
  responseMsMax: Infinity,
}

export async function startHostileNetwork(url: string, faults: Partial<NetworkFaults> = {}): Promise<HostileNetwork> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const breakAfter = (socket: Socket, ms: number): void => {
    if (ms !== Infinity) setTimeout(() => socket.destroy(), ms).unref()
  }
  const server = createServer((incoming, outgoing) => {
    if (incoming.url!.startsWith('/stream')) network.attempts.stream += 1
    const { method, headers } = incoming
    const forwarded = request({ hostname, port, path: incoming.url, method, headers, agent: false })
    forwarded.on('error', () => incoming.socket.destroy())
    forwarded.on('response', (response: IncomingMessage) => {
      outgoing.writeHead(response.statusCode!, response.headers)
      breakAfter(incoming.socket, network.responseMsMax)
      passOn(response, outgoing, () => network.blockBytes)
    })
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (incoming: IncomingMessage, client: Socket) => {
    network.attempts.websocket += 1
    if (network.rejectsUpgrades) {
      client.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      return
    }
    const upstream = connect(Number(port), hostname)
    const head = incoming.rawHeaders.map((text, index) => `${text}${index % 2 === 0 ? ': ' : '\r\n'}`).join('')
    upstream.write(`GET ${incoming.url} HTTP/1.1\r\n${head}\r\n`)
    client.pipe(upstream).pipe(client)
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    breakAfter(client, network.tunnelMsMax)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const network: HostileNetwork = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    attempts: { websocket: 0, stream: 0 },
    ...NO_FAULTS,
    ...faults,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return network
}

function passOn(from: IncomingMessage, to: ServerResponse, blockBytes: () => number): void {
  let kept = Buffer.alloc(0)
  from.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk])
    const whole = kept.length - (kept.length % blockBytes())
    if (whole > 0) to.write(kept.subarray(0, whole))
    kept = kept.subarray(whole)
  })
  from.on('end', () => to.end(kept))
  from.on('error', () => to.destroy())
}
