import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, mintToken, startChaosProxy, startRedisServer, type RedisServer } from '@paxyo/testkit'
import type { Client, connect as connectNow } from '@paxyo/browser-client'
import { readdirSync } from 'node:fs'
import { startGateway, type GatewayFixture } from '../../../services/ws-gateway/test/gateway-fixture.ts'

const FOLDER = new URL('released/', import.meta.url)

let redis: RedisServer
let gateway: GatewayFixture
beforeAll(async () => {
  redis = await startRedisServer()
  gateway = await startGateway({
    bus: createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined }),
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await redis.stop()
})

let client: Client | undefined
afterEach(() => client?.close())

/** Pages that were opened before a deployment keep their client. */
test.each(readdirSync(FOLDER))("%s works with today's gateway: snapshot, events, and resuming", async (file) => {
  const { connect } = (await import(new URL(file, FOLDER).href)) as { connect: typeof connectNow }
  await using proxy = await startChaosProxy(Number(new URL(gateway.url).port))
  const userId = `user of ${file}`
  await gateway.ingest.openAccount(userId, { balance: '5' })
  await gateway.ingest.insertOrder(userId, { orderId: `of ${file}` })
  const page = (client = connect({
    url: `ws://127.0.0.1:${proxy.port}/ws`,
    token: await mintToken(userId),
    share: 'none',
  }))
  const seen: unknown[] = []
  page.on('snapshot', ({ account, orders, position }) => seen.push([account?.balance, orders.length, position.seq]))
  page.on('order', ({ event, seq, account }) => seen.push([event, seq, account.balance]))
  const states: string[] = []
  page.on('status', ({ status }) => states.at(-1) !== status.state && states.push(status.state))

  await eventually(() => page.status.state === 'live')
  await gateway.ingest.commitAndPublish(userId, 2)
  await eventually(() => page.position?.seq === 2)
  proxy.cut()
  await eventually(() => states.includes('reconnecting'))
  await gateway.ingest.commitAndPublish(userId, 2)
  await eventually(() => page.status.state === 'live')
  await gateway.ingest.commitAndPublish(userId)
  await eventually(() => page.position?.seq === 5)
  page.close()

  // One snapshot only: the second welcome resumed.
  const event = (seq: number) => ['order.updated', seq, `${5 + seq}`]
  expect(seen).toEqual([['5', 1, 0], ...[1, 2, 3, 4, 5].map(event)])
  expect(states).toEqual(['live', 'reconnecting', 'live', 'closed'])
})
