import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy on a fixed port that can delay data and cut connections. */
export interface ChaosProxy extends AsyncDisposable {
  readonly port: number
  /** The target port; can change while it runs. */
  target: number
  /** The delay of every chunk. */
  delayMs: number
  /** Breaks all connections, as a failing network does. */
  cut(): void
}

export async function startChaosProxy(target: number): Promise<ChaosProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(proxy.target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      pipeSlowly(from, to, () => proxy.delayMs)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: ChaosProxy = {
    port: (server.address() as { port: number }).port,
    target,
    delayMs: 0,
    cut() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    async [Symbol.asyncDispose]() {
      proxy.cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

/** Chunks keep their order: each waits for the previous one. */
function pipeSlowly(from: Socket, to: Socket, delayMs: () => number): void {
  let last = Promise.resolve()
  from.on('data', (chunk) => {
    const ms = delayMs()
    if (ms === 0) {
      last = last.then(() => void to.write(chunk))
      return
    }
    const held = sleep(ms, undefined, { ref: false })
    last = last.then(() => held).then(() => void to.write(chunk))
  })
  from.on('end', () => void last.then(() => to.end()))
}
