import { afterEach, expect, test } from '@jest/globals'
import { eventually, sharedRedisUrl } from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readMessages } from '../src/read-messages.ts'

let open: Redis[] = []
afterEach(() => {
  for (const redis of open) redis.disconnect()
  open = []
})

/** A connection that speaks a version of the protocol, what it received, and how many messages ioredis has read. */
function connect(protocol: 2 | 3) {
  const redis = new Redis(sharedRedisUrl(), { protocol })
  const result = { redis, received: [] as [string, string][], readByIoredis: 0 }
  open.push(redis)
  readMessages(redis, {
    kind: 'message',
    prefixBytes: 'paxyo:'.length,
    onMessage: (channel, payload) => result.received.push([channel, payload.toString()]),
  })
  redis.on('messageBuffer', () => (result.readByIoredis += 1))
  return result
}

async function publish(channel: string, payloads: readonly string[]): Promise<void> {
  const redis = new Redis(sharedRedisUrl())
  open.push(redis)
  for (const payload of payloads) await redis.publish(`paxyo:${channel}`, payload)
}

test.each([
  ['are not read by ioredis, also after a reconnect', 3, 0],
  ['of a server without RESP3 are read by ioredis', 2, 4],
] as const)('messages %s', async (_what, protocol, readByIoredis) => {
  const channel = randomUUID()
  const result = connect(protocol)
  const { redis, received } = result
  await redis.subscribe(`paxyo:${channel}`)
  await publish(channel, ['one', '€'])
  await eventually(() => received.length === 2)

  const closed = once(redis, 'close')
  redis.disconnect(true)
  await closed
  await eventually(() => redis.status === 'ready')
  // It subscribes again by itself; commands and their responses are as always.
  await redis.subscribe(`paxyo:${channel}`)
  await publish(channel, ['', 'x'.repeat(1_000_000)])
  await eventually(() => received.length === 4)
  expect(received).toEqual(['one', '€', '', 'x'.repeat(1_000_000)].map((payload) => [channel, payload]))
  expect(result.readByIoredis).toBe(readByIoredis)
})
