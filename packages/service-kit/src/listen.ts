import type { FastifyInstance } from 'fastify'

export interface ListenOptions {
  readonly host: string
  readonly port: number
}

/** Thousands of browsers reconnect at once after a restart; with Node's default of 511 many would have to retry. */
const BACKLOG = 4096

/** @returns the address that browsers and curl can use. */
export async function listen(app: FastifyInstance, { host, port }: ListenOptions): Promise<string> {
  return app.listen({ host, port, backlog: BACKLOG })
}
