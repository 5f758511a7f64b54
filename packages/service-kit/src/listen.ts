import type { FastifyInstance } from 'fastify'

export interface ListenOptions {
  readonly host: string
  readonly port: number
}

/** Thousands of browsers reconnect at once after a restart; with Node's default of 511 many would have to retry. */
const BACKLOG = 4096

/**
 * Listens until the server is closed.
 *
 * @returns the address that browsers and curl can use.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/', () => 'hello')
 * const address = await listen(app, { host: '127.0.0.1', port: 0 })
 * await (await fetch(address)).text() //=> 'hello'
 * await app.close()
 */
export async function listen(app: FastifyInstance, { host, port }: ListenOptions): Promise<string> {
  return app.listen({ host, port, backlog: BACKLOG })
}
