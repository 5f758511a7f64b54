import type { FastifyInstance } from 'fastify'

/** @throws when this dependency is unavailable. */
export type ReadinessCheck = () => Promise<void> | void

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
  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await runCheck(check)] as const),
    )
    const isReady = results.every(([, result]) => result === 'ok')
    return reply.code(isReady ? 200 : 503).send({
      status: isReady ? 'ok' : 'unavailable',
      checks: Object.fromEntries(results),
    })
  })
}

async function runCheck(check: ReadinessCheck): Promise<'ok' | 'failed'> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), CHECK_TIMEOUT_MS)
  })
  try {
    await Promise.race([check(), timeout])
    return 'ok'
  } catch {
    return 'failed'
  } finally {
    clearTimeout(timer)
  }
}
