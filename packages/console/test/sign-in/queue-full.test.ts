import { expect, test } from '@jest/globals'
import { createKysely } from '@paxyo/database'
import { createHttpServer } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { createConsole } from '../../src/index.ts'
import { createPasswords } from '../../src/sign-in/password.ts'

const log = pino({ level: 'silent' })

test('requests beyond the queue of the console are rejected, and reported', async () => {
  const connection = Promise.withResolvers<never>()
  const rejections: unknown[] = []
  await using console = createConsole({
    db: createKysely({ connect: () => connection.promise } as unknown as Pool),
    environment: 'development',
    origin: undefined,
    trustedHeader: undefined,
    log,
    onAuthenticationFailed: () => undefined,
    onBusy: (door, rejection) => rejections.push({ door, ...rejection }),
  })
  const app = createHttpServer({ log, trustProxy: false })
  console.register(app)
  const signIn = async (): Promise<number> => {
    const payload = { name: 'Ann', password: 'a wrong one' }
    const headers = { 'x-paxyo-console': '1' }
    return (await app.inject({ method: 'POST', url: '/console/api/sign-in', headers, payload })).statusCode
  }
  await app.ready()
  // Two wait for the database, and a hundred for them.
  const waiting = Array.from({ length: 102 }, signIn)
  expect(await signIn()).toBe(503)
  expect(rejections).toEqual([{ door: 'console', access: 'write', reason: 'queue' }])

  connection.reject(new Error('connect ECONNREFUSED'))
  await Promise.all(waiting)
  await app.close()
})

test('passwords beyond the queue are not hashed, and reported', async () => {
  let rejected = 0
  const passwords = createPasswords(() => (rejected += 1))
  const cheap = `$argon2id$v=19$m=8,t=1,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}`
  const results = await Promise.all(Array.from({ length: 22 }, () => passwords.verify('a password', cheap)))
  expect(results).toEqual([...Array<false>(21).fill(false), undefined])
  expect(rejected).toBe(1)
})
