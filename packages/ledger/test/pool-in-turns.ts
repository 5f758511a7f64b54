import type { Pool } from 'pg'

/** A pool during a failover: each connection leads to the next one of these servers, and then to the first one again. */
export function poolInTurns(servers: readonly Pool[]): Pool {
  let count = 0
  const next = (): Pool => servers[count++ % servers.length]!
  return {
    connect: () => next().connect(),
    query: (...query: [string, unknown[]?]) => next().query(...query),
  } as unknown as Pool
}
