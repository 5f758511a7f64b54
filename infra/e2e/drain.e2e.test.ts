import { expect, test } from '@jest/globals'
import { connectSocket, eventually, mintToken } from '@paxyo/testkit'
import { startSystem } from './system.ts'

test('SIGTERM under load: ingest responds to every accepted request, and every webhook that got a 200 is in the database', async () => {
  await using system = await startSystem()
  const { ingest } = system
  const statuses: number[] = []
  const sender = async (senderId: number): Promise<void> => {
    for (let count = 0; ; count += 1) {
      const body = { order_id: `${senderId}-${count}`, status: 'canceled' }
      const response = await system.webhook(body).catch(() => undefined)
      // New connections are refused at the end, after the server has responded to every accepted request.
      if (response === undefined) return
      statuses.push(response.status)
      await response.text()
    }
  }
  const senders = Promise.all(Array.from({ length: 32 }, (_, senderId) => sender(senderId)))
  await eventually(() => statuses.length > 200)
  const exitCode = await ingest.end('SIGTERM')
  await senders

  expect(exitCode).toBe(0)
  expect(new Set(statuses)).toEqual(new Set([200]))
  const { rows } = await system.database.owner.query('SELECT count(*)::int AS count FROM deliveries')
  expect(rows).toEqual([{ count: statuses.length }])
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
