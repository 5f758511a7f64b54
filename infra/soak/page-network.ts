import { connect, createServer, type Socket } from 'node:net'

/** The network between one page and the gateways. */
export interface PageNetwork extends AsyncDisposable {
  readonly port: number
  /** While it is down, no link can be opened. */
  isDown: boolean
  /** The links that are open stay open, and nothing comes through any more: the device has another address. */
  silence(): void
  /** The links that are open are reset. */
  cut(): void
}

interface Tunnel {
  readonly sockets: readonly [Socket, Socket]
  isSilent: boolean
}

/** @param target returns the port of a gateway. */
export async function startPageNetwork(target: () => number): Promise<PageNetwork> {
  const tunnels = new Set<Tunnel>()
  const server = createServer((client) => {
    if (network.isDown) return void client.resetAndDestroy()
    const upstream = connect(target(), '127.0.0.1')
    const tunnel: Tunnel = { sockets: [client, upstream], isSilent: false }
    tunnels.add(tunnel)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.setNoDelay(true)
      from.on('error', () => undefined)
      from.on('data', (chunk) => tunnel.isSilent || to.write(chunk))
      from.on('close', () => {
        if (!tunnel.isSilent) to.resetAndDestroy()
        if (tunnel.sockets.every(({ destroyed }) => destroyed)) tunnels.delete(tunnel)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const network: PageNetwork = {
    port: (server.address() as { port: number }).port,
    isDown: false,
    silence() {
      for (const tunnel of tunnels) tunnel.isSilent = true
    },
    cut() {
      for (const { sockets } of tunnels) for (const socket of sockets) socket.resetAndDestroy()
    },
    async [Symbol.asyncDispose]() {
      network.cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return network
}
