import { createServer, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy on a fixed port that can delay data, hold it back, and cut connections. */
export interface ChaosProxy extends AsyncDisposable {
  readonly port: number
  /** The target port; can change while it runs. */
  target: number
  /** The delay of every chunk. */
  delayMs: number
  /** Breaks all connections, as a failing network does. */
  cut(): void
  /**
   * Passes nothing on, while connections stay open: a network that loses every packet. Also applies to new connections: the
   * target sees a connection when its first data may pass.
   *
   * @param isSuch says, from the first bytes that a client sent, whether its connection is held; default all.
   */
  hold(isSuch?: (opening: string) => boolean): void
  /** Passes on what was held. */
  release(): void
}

interface Link {
  readonly client: Socket
  readonly upstream: Socket
  /** The first bytes that the client sent. */
  opening: string
  /** Resolves when data may pass. */
  gate: Promise<void>
  open: () => void
}

const OPEN = Promise.resolve()

export async function startChaosProxy(target: number): Promise<ChaosProxy> {
  const links = new Set<Link>()
  let isHeld: (opening: string) => boolean = () => false

  function hold(link: Link): void {
    if (link.gate !== OPEN) return
    const { promise, resolve } = Promise.withResolvers<void>()
    Object.assign(link, { gate: promise, open: resolve })
    link.client.pause()
    link.upstream.pause()
  }

  const server = createServer((client) => {
    const upstream = new Socket()
    const link: Link = { client, upstream, opening: '', gate: OPEN, open: () => undefined }
    links.add(link)
    client.once('data', (chunk: Buffer) => {
      link.opening = chunk.toString('latin1')
      if (isHeld(link.opening)) hold(link)
      const begin = (): void => void (upstream.destroyed || upstream.connect(proxy.target, '127.0.0.1'))
      if (link.gate === OPEN) begin()
      else void link.gate.then(begin)
    })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => undefined)
      from.once('close', () => {
        links.delete(link)
        to.destroy()
      })
      pipeSlowly(from, to, link, () => proxy.delayMs)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: ChaosProxy = {
    port: (server.address() as { port: number }).port,
    target,
    delayMs: 0,
    cut() {
      for (const { client, upstream } of links) {
        for (const socket of [client, upstream]) {
          // Node never closes the handle of one that is reset while its end is being sent.
          if (socket.writableEnded) socket.destroy()
          else socket.resetAndDestroy()
        }
      }
    },
    hold(isSuch = () => true) {
      isHeld = isSuch
      for (const link of links) if (isHeld(link.opening)) hold(link)
    },
    release() {
      isHeld = () => false
      for (const link of links) {
        link.open()
        link.gate = OPEN
        link.client.resume()
        link.upstream.resume()
      }
    },
    async [Symbol.asyncDispose]() {
      proxy.cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

/** Chunks keep their order: each waits for the previous one. */
function pipeSlowly(from: Socket, to: Socket, link: Link, delayMs: () => number): void {
  let last = Promise.resolve()
  let waiting = 0
  function passLate(chunk: Buffer): void {
    waiting -= 1
    to.write(chunk)
  }
  from.on('data', (chunk) => {
    const ms = delayMs()
    if (ms === 0 && link.gate === OPEN && waiting === 0) return void to.write(chunk)
    waiting += 1
    const held = ms === 0 ? undefined : sleep(ms, undefined, { ref: false })
    last = last
      .then(() => held)
      .then(() => link.gate)
      .then(() => passLate(chunk))
  })
  from.on('end', () => void last.then(() => to.end()))
}
