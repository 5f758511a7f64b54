import { afterEach, expect, test } from '@jest/globals'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { registerHealth, type ReadinessCheck } from '../src/health.ts'
import { createHttpServer } from '../src/http-server.ts'

let app: FastifyInstance
afterEach(() => app.close())

function start(checks: Readonly<Record<string, ReadinessCheck>>): void {
  app = createHttpServer({ log: pino({ level: 'silent' }), trustProxy: false })
  registerHealth(app, checks)
}

const works = (): void => undefined
const worksLater = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
const fails = (): void => {
  throw new Error('the password is hunter2')
}
const failsLater = (): Promise<void> => Promise.reject(new Error('the password is hunter2'))
const hangs = (): Promise<void> => new Promise(() => undefined)

test('a process that runs is alive, whatever its parts do', async () => {
  start({ database: fails, redis: hangs })
  const response = await app.inject('/livez')

  expect(response.statusCode).toBe(200)
  expect(response.json()).toEqual({ status: 'ok' })
})

test('it is ready when every part works', async () => {
  start({ database: works, redis: worksLater })
  const response = await app.inject('/readyz')

  expect(response.statusCode).toBe(200)
  expect(response.json()).toEqual({ status: 'ok', checks: { database: 'ok', redis: 'ok' } })
})

test('it is not when one does not, and says which, but not why', async () => {
  start({ database: works, redis: failsLater, queue: fails })
  const response = await app.inject('/readyz')

  expect(response.statusCode).toBe(503)
  expect(response.json()).toEqual({
    status: 'unavailable',
    checks: { database: 'ok', redis: 'failed', queue: 'failed' },
  })
})

test('it is ready when a part that it can do without does not work, and says which', async () => {
  start({ database: works, bus: () => 'degraded' })
  const response = await app.inject('/readyz')

  expect(response.statusCode).toBe(200)
  expect(response.json()).toEqual({ status: 'degraded', checks: { database: 'ok', bus: 'degraded' } })
})

test('a part that does not answer counts as failed, soon enough for those who ask', async () => {
  start({ database: hangs, redis: hangs, queue: works })
  const startedAt = performance.now()
  const response = await app.inject('/readyz')

  expect(response.statusCode).toBe(503)
  expect(response.json()).toMatchObject({ checks: { database: 'failed', redis: 'failed', queue: 'ok' } })
  expect(performance.now() - startedAt).toBeLessThan(30_000)
})

test('a flood of calls costs one check at a time', async () => {
  let [checks, checksAtOnce, checksAtOnceMax] = [0, 0, 0]
  start({
    async database() {
      checks += 1
      checksAtOnceMax = Math.max(checksAtOnceMax, ++checksAtOnce)
      await new Promise(setImmediate)
      checksAtOnce -= 1
    },
  })
  await app.ready()
  const responses = Array.from({ length: 1_000 }, () => app.inject('/readyz'))

  expect(new Set((await Promise.all(responses)).map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
  expect(checks).toBeLessThan(responses.length / 2)
  expect(checksAtOnceMax).toBe(1)
})
