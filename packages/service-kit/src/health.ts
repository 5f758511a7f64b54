import type { FastifyInstance } from 'fastify'

/**
 * @returns `degraded` when the service works without this dependency, but less well.
 * @throws when this dependency is unavailable.
 */
export type ReadinessCheck = () => Promise<void> | 'degraded' | void

const CHECK_TIMEOUT_MS = 2_000

/**
 * `/livez` reports that the process runs; `/readyz` whether it should receive requests, with the result of each check. A
 * process that is draining is alive and not ready.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * registerHealth(app, { database: () => undefined })
 * (await app.inject('/readyz')).json() //=> { status: 'ok', checks: { database: 'ok' } }
 */
export function registerHealth(app: FastifyInstance, checks: Readonly<Record<string, ReadinessCheck>>): void {
  const runChecks = Object.entries(checks).map(([name, check]) => [name, shared(() => runCheck(check))] as const)
  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(runChecks.map(async ([name, run]) => [name, await run()] as const))
    const outcomes = new Set(results.map(([, result]) => result))
    const isReady = !outcomes.has('failed')
    return reply.code(isReady ? 200 : 503).send({
      status: !isReady ? 'unavailable' : outcomes.has('degraded') ? 'degraded' : 'ok',
      checks: Object.fromEntries(results),
    })
  })
}

/** Calls during a run share its result: this address needs no key, and a flood of calls must not use up the connections. */
function shared<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= run().finally(() => (running = undefined))
    return running
  }
}

async function runCheck(check: ReadinessCheck): Promise<'ok' | 'degraded' | 'failed'> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), CHECK_TIMEOUT_MS)
  })
  try {
    return (await Promise.race([check(), timeout])) ?? 'ok'
  } catch {
    return 'failed'
  } finally {
    clearTimeout(timer)
  }
}
