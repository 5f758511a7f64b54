import { expect, test } from '@jest/globals'
import { connectSocket, eventually, mintToken } from '@paxyo/testkit'
import { startSystem } from './system.ts'

test('SIGTERM under load: ingest answers what it accepted, and every answer of 200 is in the database', async () => {
  await using system = await startSystem()
  const { ingest } = system
  const answers: number[] = []
  const sender = async (lane: number): Promise<void> => {
    for (let count = 0; ; count += 1) {
      const answer = await system.webhook({ order_id: `${lane}-${count}`, status: 'canceled' }).catch(() => undefined)
      // Refused connections are the end; everything that was accepted must have been answered before.
      if (answer === undefined) return
      answers.push(answer.status)
      await answer.text()
    }
  }
  const senders = Promise.all(Array.from({ length: 32 }, (_, lane) => sender(lane)))
  await eventually(() => answers.length > 200)
  const exitCode = await ingest.end('SIGTERM')
  await senders

  expect(exitCode).toBe(0)
  expect(new Set(answers)).toEqual(new Set([200]))
  const { rows } = await system.database.owner.query('SELECT count(*)::int AS count FROM deliveries')
  expect(rows).toEqual([{ count: answers.length }])
})

test('a gateway that goes away sends its clients to the other one, which resumes them', async () => {
  await using system = await startSystem()
  const other = await system.start('ws-gateway')
  await system.register({})
  const client = await connectSocket(system.gateway.url, { token: await mintToken('user-1') })
  const { epoch, seq } = await client.next('welcome')

  const ended = system.gateway.end('SIGTERM')
  expect(await client.next('drain')).toMatchObject({ retryAfterMs: expect.any(Number) })
  expect(await client.closed()).toMatchObject({ code: 4000 })
  await system.webhook({ order_id: '12345', status: 'canceled' })
  const resumed = await connectSocket(other.url, { token: await mintToken('user-1'), resume: { epoch, seq } })

  expect(await resumed.next('welcome')).toMatchObject({ mode: 'resumed', seq })
  expect(await resumed.next('event')).toMatchObject({ seq: seq + 1 })
  expect(await ended).toBe(0)
  resumed.close()
})
