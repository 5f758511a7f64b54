import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, startChaosProxy, startRedisServer, type ChaosProxy, type RedisServer } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

const DELAY_MS = 250

let redis: RedisServer
let proxy: ChaosProxy
let gateway: GatewayFixture
beforeEach(async () => {
  redis = await startRedisServer()
  proxy = await startChaosProxy(redis.port)
  // The gateway's connection to Redis is slow; the publisher's is not.
  gateway = await startGateway({
    bus: createRedisBus({ url: `redis://127.0.0.1:${proxy.port}`, channelPrefix: 'paxyo:', onError: () => undefined }),
    publishTo: createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined }),
  })
})
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
  await redis.stop()
})

test('what is committed while Redis has not yet heard of the subscription is not missed', async () => {
  await eventually(() => gateway.gateway.readiness['bus']!() !== 'degraded')
  await gateway.ingest.openAccount('user-1')
  proxy.delayMs = DELAY_MS
  const client = await gateway.connect('user-1')
  // The subscription is in flight. A snapshot read now would not contain this event, and the bus would not deliver it.
  await sleep(DELAY_MS / 2)
  await gateway.ingest.commitAndPublish('user-1')

  const { seq } = await client.next('welcome')
  await eventually(() => seq + client.events().length > 0)
  expect(seq + client.events().length).toBe(1)
})
