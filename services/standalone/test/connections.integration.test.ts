import { afterEach, describe, expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, mintToken, startRedisServer, type TestSocket } from '@paxyo/testkit'
import { startSeveral, type SeveralGateways } from './several-gateways.ts'

// Both services with several processes' worth of each: what the panel decides about connections, and what it learns.

let system: SeveralGateways
afterEach(async () => {
  await system[Symbol.asyncDispose]()
})

const isOpen = ({ socket }: TestSocket): boolean => socket.readyState === socket.OPEN

async function aRefund(userId: string): Promise<void> {
  const [ingest] = system.ingests
  await ingest!.call('POST', '/v1/orders', {
    orderId: 'A-1',
    providerOrderId: '12345',
    userId,
    service: 'Instagram followers',
    link: 'https://instagram.com/somebody',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
  })
}

const refundOf = async () => (await system.ingests[1]!.call('GET', '/v1/orders/A-1')).body.refunds[0]

describe.each(['in one process', 'over Redis'])('%s', (kind) => {
  test('the panel sees who is connected where, closes one user everywhere, and revokes their tokens', async () => {
    const redis = kind === 'over Redis' ? await startRedisServer() : undefined
    system = await startSeveral(
      redis && (() => createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined })),
    )
    await system.ready()
    const [ingest, otherIngest] = system.ingests
    const old = await mintToken('user-1')
    const connectTwice = () => Promise.all([0, 1].map((gateway) => system.connect(gateway, 'user-1', old)))
    const clients = await connectTwice()
    const other = await system.connect(1, 'user-2')
    for (const client of [...clients, other]) await client.next('welcome')

    const { body: list } = await ingest!.call('GET', '/v1/users/user-1/connections')
    expect(list).toMatchObject({ userId: 'user-1', seq: 0, seen: null, gateways: { known: 2, responded: 2 } })
    expect(list.connections).toHaveLength(2)
    expect(list.connections[0]).toMatchObject({ transport: 'websocket', sentSeq: 0, lag: 0, browser: null })
    expect(new Set(list.connections.map((one: { gatewayId: string }) => one.gatewayId)).size).toBe(2)
    await eventually(async () => (await otherIngest!.call('GET', '/v1/connections')).body.connections === 3)
    const counted = (await ingest!.call('GET', '/v1/connections')).body.gateways as Record<string, unknown>[]
    // Nothing of the gateways' secrets.
    for (const gateway of counted) {
      expect(Object.keys(gateway).toSorted()).toEqual(['busMs', 'connections', 'gatewayId', 'users', 'version'])
    }

    const { body: disconnected } = await otherIngest!.call('POST', '/v1/users/user-1/disconnect')
    expect(disconnected).toMatchObject({ closed: 2, gateways: { known: 2, responded: 2 } })
    for (const client of clients) expect(await client.closed()).toEqual({ code: 4010, reason: 'disconnected' })

    const returned = await connectTwice()
    for (const client of returned) await client.next('welcome')
    // A token names the second of its issue.
    await eventually(() => Date.now() % 1000 < 500)
    const { body: revoked } = await ingest!.call('POST', '/v1/users/user-1/revoke-tokens')
    expect(revoked).toMatchObject({ closed: 2, gateways: { known: 2, responded: 2 } })
    for (const client of returned) expect(await client.closed()).toEqual({ code: 4009, reason: 'token_revoked' })
    const rejected = await connectTwice()
    for (const client of rejected) expect(await client.closed()).toEqual({ code: 4009, reason: 'token_revoked' })
    expect(isOpen(other)).toBe(true)
    // The clock of the database may be a little ahead.
    const welcome = await eventually(async () => {
      const client = await system.connect(0, 'user-1')
      return Promise.race([client.next('welcome'), client.closed().then(() => undefined)])
    })
    expect(welcome).toMatchObject({ userId: 'user-1' })

    if (redis === undefined) return
    await redis.stop()
    await eventually(async () => (await ingest!.call('GET', '/v1/connections')).status === 503)
    expect((await ingest!.call('GET', '/v1/users/user-2/connections')).body.code).toBe('bus_unavailable')
    const { status, body: withoutRedis } = await ingest!.call('POST', '/v1/users/user-2/revoke-tokens')
    expect([status, withoutRedis.closed, withoutRedis.gateways]).toEqual([200, null, null])
    // The token is as old as the connection.
    expect(await other.closed()).toEqual({ code: 4009, reason: 'token_revoked' })
  })
})

test('a logout in one browser closes the connections of its token on every gateway, and no others', async () => {
  system = await startSeveral()
  await system.ready()
  const [ingest, otherIngest] = system.ingests
  const { body: one } = await ingest!.call('POST', '/v1/tokens', { userId: 'user-1' })
  const { body: two } = await ingest!.call('POST', '/v1/tokens', { userId: 'user-1' })
  const closing = [await system.connect(0, 'user-1', one.token), await system.connect(1, 'user-1', one.token)]
  const staying = [await system.connect(0, 'user-1', two.token), await system.connect(1, 'user-2')]
  for (const client of [...closing, ...staying]) await client.next('welcome')

  const logout = { userId: 'user-1', jti: one.jti, expiresAt: one.expiresAt }
  const { body } = await otherIngest!.call('POST', '/v1/tokens/revoke', logout)
  expect(body).toEqual({ ...logout, closed: 2, gateways: { known: 2, responded: 2 } })
  for (const client of closing) expect(await client.closed()).toEqual({ code: 4009, reason: 'token_revoked' })
  expect(await (await system.connect(1, 'user-1', one.token)).closed()).toMatchObject({ code: 4009 })
  expect(staying.every(isOpen)).toBe(true)

  // A repetition closes nothing more, and may only lengthen the revocation.
  const earlier = { ...logout, expiresAt: '2020-01-01T00:00:00.000Z' }
  expect((await ingest!.call('POST', '/v1/tokens/revoke', earlier)).body).toMatchObject({ expiresAt: one.expiresAt })
  expect(await (await system.connect(0, 'user-1', one.token)).closed()).toMatchObject({ code: 4009 })
})

test('a revocation that races joins leaves no connection with an old token', async () => {
  system = await startSeveral()
  await system.ready()
  const token = await mintToken('user-1')
  await eventually(() => Date.now() % 1000 > 900)
  const bystander = await system.connect(0, 'user-2')
  await bystander.next('welcome')
  const joining = Array.from({ length: 80 }, (_, index) => system.connect(index % 2, 'user-1', token))
  await Promise.race(joining)
  const revoking = system.ingests[0]!.call('POST', '/v1/users/user-1/revoke-tokens')
  const clients = await Promise.all(joining)
  await revoking

  for (const client of clients) expect(await client.closed()).toMatchObject({ code: 4009 })
  expect(isOpen(bystander)).toBe(true)
})

describe('receipts', () => {
  test('the panel learns that a refund was sent to both pages of a user, and when one of them showed it', async () => {
    system = await startSeveral()
    await system.ready()
    await aRefund('user-1')
    const pages = [await system.connect(0, 'user-1'), await system.connect(1, 'user-1')]
    for (const page of pages) await page.next('welcome')
    await system.ingests[0]!.webhook({ order_id: '12345', status: 'partial', remains: 300 })
    const event = await pages[0]!.next('event', ({ seq }) => seq === 2)
    expect(event).toMatchObject({ refund: { amount: '0.75' } })
    await pages[1]!.next('event', ({ seq }) => seq === 2)

    const sent = await eventually(async () => ((await refundOf()).sent?.connections === 2 ? refundOf() : undefined))
    expect(sent).toMatchObject({ amount: '0.75', seenAt: null })
    // Beyond what exists; it counts as what was sent.
    pages[1]!.send({ type: 'seen', seq: 999_999 })
    const seen = await eventually(async () => ((await refundOf()).seenAt === null ? undefined : refundOf()))
    expect(Date.parse(seen.seenAt)).toBeGreaterThanOrEqual(Date.parse(seen.sent.at))
    const { rows } = await system.database.owner.query('SELECT user_id, seq::int FROM receipts')
    expect(rows).toEqual([{ user_id: 'user-1', seq: 2 }])

    // A page that connects later, and says it again, changes nothing.
    const later = await system.connect(0, 'user-1')
    await later.next('welcome')
    later.send({ type: 'seen', seq: 2 })
    const { body } = await system.ingests[1]!.call('GET', '/v1/users/user-1/connections')
    expect(body.seen).toEqual({ seq: 2, at: seen.seenAt })
    expect(await refundOf()).toEqual(seen)
  })

  test('a page that reconnects says what it has seen; a process of webhook-ingest that ends loses none', async () => {
    system = await startSeveral()
    await system.ready()
    await aRefund('user-1')
    await system.ingests[0]!.webhook({ order_id: '12345', status: 'partial', remains: 300 })
    const { rows: epochs } = await system.database.owner.query<{ epoch: string }>('SELECT epoch FROM stream_epoch')
    await system.ingests[0]!.close()
    const page = await system.open(1)
    const resume = { epoch: epochs[0]!.epoch, seq: 2 }
    page.send({ type: 'hello', token: await mintToken('user-1'), resume, seen: 2 })
    expect(await page.next('welcome')).toMatchObject({ mode: 'resumed' })

    const seen = await eventually(async () => ((await refundOf()).seenAt === null ? undefined : refundOf()))
    expect(seen).toMatchObject({ amount: '0.75', sent: { connections: 1 } })
  })
})
