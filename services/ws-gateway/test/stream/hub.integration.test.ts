import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { serverMessageSchema, type Welcome } from '@paxyo/contracts'
import { DATABASE_ROLES } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, sharedRedisUrl, type TestSocket } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { EVENTS_MAX } from '../../src/read/stream-reader.ts'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'
import { holdReads } from '../held-database.ts'

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

const numbers = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index)

const seqsOf = (client: TestSocket): number[] => client.events().map(({ seq }) => seq)

/** A connected user who has an account. */
async function aClient(userId: string): Promise<TestSocket> {
  await gateway.ingest.openAccount(userId)
  const client = await gateway.connect(userId)
  await client.next('welcome')
  return client
}

/** Waits for a seq, then a little longer for what must not come. */
async function settled(client: TestSocket, lastSeq: number): Promise<number[]> {
  await client.next('event', ({ seq }) => seq === lastSeq)
  await sleep(50)
  return seqsOf(client)
}

test('a newcomer gets a snapshot, then what happens, exactly as it was committed', async () => {
  await gateway.ingest.openAccount('newcomer', { balance: '10.25', lastSeq: 3 })
  await gateway.ingest.insertOrder('newcomer', { orderId: 'N-1' })
  const client = await gateway.connect('newcomer')
  const welcome = await client.next('welcome')
  const events = await gateway.ingest.commitAndPublish('newcomer', 2)

  expect(welcome).toMatchObject({
    protocol: 1,
    userId: 'newcomer',
    epoch: expect.any(String),
    seq: 3,
    mode: 'snapshot',
    account: { balance: '10.25', currency: 'USD' },
    orders: [{ orderId: 'N-1', charge: '2.5' }],
    pingIntervalMs: 25_000,
  })
  expect(serverMessageSchema.parse(welcome)).toEqual(welcome)
  await client.next('event', ({ seq }) => seq === 5)
  expect(client.frames.slice(1)).toEqual(events.map(({ payload }) => payload))
})

test('a user without an account sees it being opened', async () => {
  const client = await gateway.connect('not-yet')
  const welcome = await client.next('welcome')
  expect(welcome).toMatchObject({ seq: 0, mode: 'snapshot', orders: [] })
  expect(welcome.account).toBeUndefined()

  await gateway.ingest.openAccount('not-yet')
  await gateway.ingest.commitAndPublish('not-yet')
  expect(await settled(client, 1)).toEqual([1])
})

test('all windows of a user see an event, and nobody else does', async () => {
  const [first, other] = await Promise.all([aClient('windows'), aClient('somebody-else')])
  const second = await gateway.connect('windows')
  await second.next('welcome')
  await gateway.ingest.commitAndPublish('windows', 3)

  expect(await settled(first, 3)).toEqual([1, 2, 3])
  expect(await settled(second, 3)).toEqual([1, 2, 3])
  expect(other.frames).toHaveLength(1)
  expect(other.frames.join()).not.toContain('windows')
})

describe('coming back', () => {
  test('with a position gets what was missed, and goes on from there', async () => {
    const client = await aClient('back')
    const { epoch } = await gateway.connect('back').then((window) => window.next('welcome'))
    await gateway.ingest.commitAndPublish('back', 2)
    await settled(client, 2)
    client.close()
    const missed = await gateway.ingest.commitAndPublish('back', 3)
    const again = await gateway.connect('back', { resume: { epoch, seq: 2 } })

    expect(await again.next('welcome')).toMatchObject({ mode: 'resumed', epoch, seq: 2 })
    await gateway.ingest.commitAndPublish('back')
    expect(await settled(again, 6)).toEqual([3, 4, 5, 6])
    // Its page is not live before it has them.
    await again.next('live')
    expect(again.messages.map(({ type }) => type).slice(0, 2)).toEqual(['delayed', 'welcome'])
    expect(again.frames.slice(2, 5)).toEqual(missed.map(({ payload }) => payload))
    expect(again.messages[5]?.type).toBe('live')
    expect(Object.keys(again.messages[1]!)).not.toContain('orders')
  })

  test('after the database was restored, which changes the epoch, gets a snapshot', async () => {
    const first = await aClient('restored')
    await gateway.ingest.commitAndPublish('restored', 2)
    await settled(first, 2)
    const { epoch } = await gateway.connect('restored').then((window) => window.next('welcome'))
    await gateway.database.owner.query(`UPDATE stream_epoch SET epoch = 'another'`)
    const again = await gateway.connect('restored', { resume: { epoch, seq: 1 } })

    expect(await again.next('welcome')).toMatchObject({ mode: 'snapshot', epoch: 'another', seq: 2 })
    // A client that stays connected would receive no event until the new history is as long as the old one was.
    expect(await first.closed()).toEqual({ code: 4005, reason: 'unavailable' })
    expect(again.socket.readyState).toBe(again.socket.OPEN)
  })
})

test('a page that has stayed over a restore is sent away, although nothing asks the gateway', async () => {
  const stayed = await aClient('unaware')
  await gateway.database.owner.query(`UPDATE stream_epoch SET epoch = 'a third'`)

  expect(await stayed.closed()).toEqual({ code: 4005, reason: 'unavailable' })
})

test('an answer that was asked for before a restore, and comes after it, moves nobody back', async () => {
  await using held = await startGateway()
  const before = await held.connect('before')
  await before.next('welcome')
  const reads = await holdReads(held.database)
  const late = await held.connect('late')
  await eventually(() => reads.isReading())
  await held.database.owner.query(`UPDATE open_stream_epoch SET epoch = 'restored'`)
  expect((await fetch(`${held.url}/readyz`)).status).toBe(200)
  expect(await before.closed()).toEqual({ code: 4005, reason: 'unavailable' })
  const after = await held.connect('after')
  expect(await after.next('welcome')).toMatchObject({ epoch: 'restored' })

  await reads.release()
  expect(await late.closed()).toEqual({ code: 4005, reason: 'unavailable' })
  await sleep(50)
  expect(after.socket.readyState).toBe(after.socket.OPEN)
})

test('who comes and goes while the database is slow costs it nothing, and keeps nobody waiting', async () => {
  await using held = await startGateway()
  const reads = await holdReads(held.database)
  const gone = await Promise.all(numbers(1, 900).map((index) => held.connect(`gone-${index}`)))
  for (const client of gone) client.close()
  await eventually(() => held.gateway.connectionCount === 0)
  const begun = held.queryCount()
  const stayed = await held.connect('stayed')
  await reads.release()
  await stayed.next('welcome')

  // One read for the remaining client; for those that had to wait there would be seven more.
  expect(held.queryCount() - begun).toBeLessThan(4)
})

describe('what the bus does to events makes no difference', () => {
  test('when it repeats and reorders them', async () => {
    const client = await aClient('shuffled')
    const committed = await gateway.ingest.commit('shuffled', 6)
    const [one, two, three, four, five, six] = committed
    await gateway.ingest.publish([two, two, one, four, three, one, six, five, six, two].map((event) => event!))

    expect(await settled(client, 6)).toEqual([1, 2, 3, 4, 5, 6])
    expect(client.frames.slice(1)).toEqual(committed.map(({ payload }) => payload))
  })

  test('when it loses some: they are read as soon as a later one arrives', async () => {
    const client = await aClient('lossy')
    const window = await gateway.connect('lossy')
    await window.next('welcome')
    await gateway.ingest.commit('lossy', 2)
    expect(client.events()).toEqual([])

    await gateway.ingest.commitAndPublish('lossy')
    expect(await settled(client, 3)).toEqual([1, 2, 3])
    expect(await settled(window, 3)).toEqual([1, 2, 3])
  })

  test('when it loses more than one query reads', async () => {
    const client = await aClient('very-lossy')
    const lost = 2 * EVENTS_MAX + 10
    await gateway.ingest.commit('very-lossy', lost)
    await gateway.ingest.commitAndPublish('very-lossy')

    expect(await settled(client, lost + 1)).toEqual(numbers(1, lost + 1))
  })

  test('when it loses some while the database can not be read: that is tried again', async () => {
    const client = await aClient('unlucky')
    const role = DATABASE_ROLES.gateway
    await gateway.database.owner.query(`REVOKE SELECT ON events FROM ${role}`)
    await gateway.ingest.commit('unlucky', 2)
    await gateway.ingest.commitAndPublish('unlucky')
    await sleep(100)
    expect(client.events()).toEqual([])

    await gateway.database.owner.query(`GRANT SELECT ON events TO ${role}`)
    expect(await settled(client, 3)).toEqual([1, 2, 3])
  })

  test('when it loses one that the database has lost, too, which is asked for in peace and not for ever', async () => {
    const client = await aClient('holed')
    const { owner } = gateway.database
    await gateway.ingest.commit('holed', 3)
    await owner.query(`
      BEGIN;
      SET LOCAL session_replication_role = replica;
      DELETE FROM events WHERE user_id = 'holed' AND seq = 2;
      COMMIT`)
    const queriesBefore = gateway.queryCount()
    await gateway.ingest.commitAndPublish('holed')
    await client.next('event', ({ seq }) => seq === 1)
    await sleep(1_000)
    expect(gateway.queryCount() - queriesBefore).toBeLessThan(8)
    expect(await client.closed(40_000)).toEqual({ code: 4005, reason: 'unavailable' })
    expect(seqsOf(client)).toEqual([1])

    const { epoch } = await gateway.connect('not-holed').then((other) => other.next('welcome'))
    const again = await gateway.connect('holed', { resume: { epoch, seq: 1 } })
    expect(await again.next('welcome')).toMatchObject({ mode: 'snapshot', seq: 4 })
  }, 60_000)

  test('when it carries what is no event', async () => {
    const client = await aClient('noise')
    const [event] = await gateway.ingest.commit('noise')
    await gateway.ingest.publish(['', 'x', '{"type":"ping"}'].map((payload) => ({ channel: event!.channel, payload })))
    await gateway.ingest.publish([event!])

    expect(await settled(client, 1)).toEqual([1])
    expect(client.frames).toHaveLength(2)
  })
})

test('a page that can not be told where it starts is told to come again', async () => {
  const role = DATABASE_ROLES.gateway
  await gateway.database.owner.query(`REVOKE SELECT ON stream_epoch FROM ${role}`)
  const client = await gateway.connect('too-early')
  expect(await client.closed()).toEqual({ code: 4005, reason: 'unavailable' })

  await gateway.database.owner.query(`GRANT SELECT ON stream_epoch TO ${role}`)
  const again = await gateway.connect('too-early')
  expect(await again.next('welcome')).toMatchObject({ seq: 0 })
})

test('what is committed while pages join is neither lost nor doubled, and each snapshot is of one moment', async () => {
  const userIds = numbers(1, 8).map((index) => `joiner-${index}`)
  for (const userId of userIds) await gateway.ingest.openAccount(userId)
  const { epoch } = await gateway.connect(userIds[0]!).then((client) => client.next('welcome'))
  const eventsPerUser = 40

  const joining: Promise<TestSocket>[] = []
  await Promise.all(
    userIds.map(async (userId) => {
      for (let index = 0; index < eventsPerUser; index += 1) {
        const committing = gateway.ingest.commitAndPublish(userId)
        // Half of them come back from the beginning.
        const how = index % 8 === 0 ? {} : { resume: { epoch, seq: 0 } }
        if (index % 4 === 0) joining.push(gateway.connect(userId, how))
        await committing
      }
    }),
  )
  const clients = await Promise.all(joining)

  const welcomes: Welcome[] = []
  for (const client of clients) {
    const welcome = await client.next('welcome')
    welcomes.push(welcome)
    await eventually(() => welcome.seq + client.events().length >= eventsPerUser)
    expect(seqsOf(client)).toEqual(numbers(welcome.seq + 1, eventsPerUser))
  }
  const snapshots = welcomes.filter(({ mode }) => mode === 'snapshot')
  // Every event puts 1 on the balance.
  expect(snapshots.map(({ account }) => account?.balance)).toEqual(snapshots.map(({ seq }) => `${seq}`))
  // They did join while events were committed.
  expect(new Set(snapshots.map(({ seq }) => seq)).size).toBeGreaterThan(2)
})

test('the only event there is reaches a page even when it comes while the page’s snapshot is being read', async () => {
  await using slow = await startGateway()
  await slow.ingest.openAccount('user')
  const reads = await holdReads(slow.database)
  const client = await slow.connect('user')
  await eventually(() => reads.isReading())
  await slow.ingest.commitAndPublish('user')
  await reads.release()

  expect(await client.next('welcome')).toMatchObject({ seq: 0, account: { balance: '0' } })
  expect(await settled(client, 1)).toEqual([1])
})

test('a user who comes back while the window that was closed is still being let in misses nothing', async () => {
  const userIds = numbers(1, 10).map((index) => `hasty-${index}`)
  for (const userId of userIds) await gateway.ingest.openAccount(userId)
  const clients = await Promise.all(
    userIds.map(async (userId) => {
      const first = await gateway.connect(userId)
      const second = gateway.connect(userId)
      first.close()
      return second
    }),
  )
  for (const client of clients) await client.next('welcome')

  for (const userId of userIds) await gateway.ingest.commitAndPublish(userId)
  for (const client of clients) expect(await settled(client, 1)).toEqual([1])
})

test('an event whose message is not authentic is read from the database, and counted', async () => {
  const redis = { url: sharedRedisUrl(), channelPrefix: `${randomUUID()}:`, onError: () => undefined }
  await using signed = await startGateway({
    bus: createRedisBus({ ...redis, messageKeys: ['a-key-of-at-least-32-bytes-in-length'] }),
    publishTo: createRedisBus(redis),
  })
  await signed.ingest.openAccount('forged')
  const client = await signed.connect('forged')
  await client.next('welcome')

  const [event] = await signed.ingest.commit('forged')
  await signed.ingest.publish([{ ...event!, payload: event!.payload.replace('"balance":"1"', '"balance":"1000"') }])

  await client.next('event')
  expect(client.frames.slice(1)).toEqual([event!.payload])
  const registry = new Registry()
  signed.gateway.addMetrics(registry)
  expect(await registry.metrics()).toContain('paxyo_gateway_bus_messages_rejected_total 1')
})
