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
 */
export function registerHealth(app: FastifyInstance, checks: Readonly<Record<string, ReadinessCheck>>): void {
  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await runCheck(check)] as const),
    )
    const outcomes = results.map(([, result]) => result)
    const isReady = !outcomes.includes('failed')
    return reply.code(isReady ? 200 : 503).send({
      status: !isReady ? 'unavailable' : outcomes.includes('degraded') ? 'degraded' : 'ok',
      checks: Object.fromEntries(results),
    })
  })
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
