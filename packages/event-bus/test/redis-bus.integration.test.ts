import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { userChannel } from '@paxyo/contracts'
import { eventually, startRedisServer, type RedisServer } from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventPublisher, EventSubscriber } from '../src/event-bus.ts'
import { createRedisBus } from '../src/redis-bus.ts'

const CHANNELS = Array.from({ length: 1_200 }, (_, index) => userChannel(`user-${index}`))

/** It takes seconds on an idle machine; without a time limit a dead connection lasts for minutes. */
const GIVE_UP_MS_MAX = 40_000

let server: RedisServer
let errors: Error[]
let open: { close(): Promise<void> }[]
beforeEach(async () => {
  server = await startRedisServer()
  errors = []
  open = []
})
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  await server.stop()
})

const connect = (url = server.url, channelPrefix = 'paxyo:') =>
  createRedisBus({ url, channelPrefix, onError: (error) => errors.push(error) })

async function connectPublisher(channelPrefix?: string): Promise<EventPublisher> {
  const publisher = connect(server.url, channelPrefix).connectPublisher()
  open.push(publisher)
  await new Promise<void>((ready) => publisher.onReady(ready))
  return publisher
}

interface Listener extends EventSubscriber {
  readonly received: string[]
  /** For each call of `onRestored`, the number of channels that Redis had then. */
  readonly restoredWith: Promise<number>[]
}

function connectSubscriber(url?: string): Listener {
  const received: string[] = []
  const restoredWith: Promise<number>[] = []
  const subscriber = connect(url).connectSubscriber({
    onMessage: (channel) => received.push(channel),
    onRestored: () => restoredWith.push(countChannels()),
  })
  open.push(subscriber)
  return Object.assign(subscriber, { received, restoredWith })
}

const subscribeAll = (listener: Listener) => Promise.all(CHANNELS.map((channel) => listener.subscribe(channel)))

/** Sends a command to Redis. */
async function command(...words: [string, ...string[]]): Promise<unknown> {
  const redis = new Redis(server.url)
  try {
    return await redis.call(...words)
  } finally {
    redis.disconnect()
  }
}

const countChannels = async (): Promise<number> => ((await command('PUBSUB', 'CHANNELS')) as string[]).length

async function kill(): Promise<void> {
  const exited = once(server.process, 'exit')
  server.process.kill('SIGKILL')
  await exited
}

/** Publishes on every channel and expects each to arrive once. */
async function expectDelivery(publisher: EventPublisher, listener: Listener): Promise<void> {
  listener.received.length = 0
  await publisher.publish(CHANNELS.map((channel) => ({ channel, payload: 'hello' })))
  await eventually(() => listener.received.length >= CHANNELS.length)
  expect(listener.received).toEqual(CHANNELS)
}

describe('a Redis that was killed and started again', () => {
  test('refuses what is published meanwhile, and is ready again by itself', async () => {
    const publisher = await connectPublisher()
    let readyCount = 0
    publisher.onReady(() => (readyCount += 1))
    await eventually(() => readyCount === 1)
    await kill()

    await eventually(() => !publisher.isReady)
    await expect(publisher.publish([{ channel: CHANNELS[0]!, payload: 'lost' }])).rejects.toThrow(
      "Stream isn't writeable",
    )
    await eventually(() => errors.length > 0)

    await server.restart()
    await eventually(() => readyCount === 2)
    expect(publisher.isReady).toBe(true)
    await expect(publisher.publish([{ channel: CHANNELS[0]!, payload: 'kept' }])).resolves.toBeUndefined()
  })

  test('has all channels again when it says that it is restored, which it does once', async () => {
    const [publisher, listener] = [await connectPublisher(), connectSubscriber()]
    await subscribeAll(listener)
    expect(listener.restoredWith).toEqual([])

    for (const breaks of [1, 2]) {
      await kill()
      await eventually(() => !listener.isReady)
      await server.restart()
      await eventually(() => listener.restoredWith.length === breaks && publisher.isReady)
      expect(listener.isReady).toBe(true)
      expect(await listener.restoredWith[breaks - 1]).toBe(CHANNELS.length)
      await expectDelivery(publisher, listener)
    }
    expect(listener.restoredWith).toHaveLength(2)
  })

  test('gets what was subscribed meanwhile, and not what was dropped', async () => {
    const listener = connectSubscriber()
    await listener.subscribe('kept')
    await listener.subscribe('dropped')
    await kill()
    await eventually(() => !listener.isReady)
    let isSubscribed = false
    const subscribing = listener.subscribe('new').then(() => (isSubscribed = true))
    listener.unsubscribe('dropped')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(isSubscribed).toBe(false)

    await server.restart()
    await subscribing
    await eventually(() => listener.restoredWith.length === 1)
    expect(((await command('PUBSUB', 'CHANNELS')) as string[]).toSorted()).toEqual(['paxyo:kept', 'paxyo:new'])
  })
})

test('a Redis that is not there yet has nothing to restore', async () => {
  await kill()
  const [listener, publisher] = [connectSubscriber(), connect().connectPublisher()]
  open.push(publisher)
  const subscribing = subscribeAll(listener)
  await expect(publisher.publish([{ channel: CHANNELS[0]!, payload: 'lost' }])).rejects.toThrow(
    "Stream isn't writeable",
  )
  await server.restart()
  await Promise.all([subscribing, new Promise<void>((ready) => publisher.onReady(ready))])

  await expectDelivery(publisher, listener)
  expect(listener.restoredWith).toEqual([])
})

test('a subscriber whom Redis cuts off is restored', async () => {
  const [publisher, listener] = [await connectPublisher(), connectSubscriber()]
  await subscribeAll(listener)
  expect(await command('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1)

  await eventually(() => listener.restoredWith.length === 1)
  expect(await listener.restoredWith[0]).toBe(CHANNELS.length)
  await expectDelivery(publisher, listener)
})

test('a subscriber who is cut off again and again while it restores ends up with every channel', async () => {
  const [publisher, listener] = [await connectPublisher(), connectSubscriber()]
  await subscribeAll(listener)
  const admin = new Redis(server.url)
  for (let round = 0; round < 200; round += 1) await admin.client('KILL', 'TYPE', 'PUBSUB')
  admin.disconnect()

  await eventually(async () => listener.isReady && (await countChannels()) === CHANNELS.length)
  await expectDelivery(publisher, listener)
  for (const count of await Promise.all(listener.restoredWith.slice(-1))) expect(count).toBe(CHANNELS.length)
})

describe('a Redis that stopped answering', () => {
  let startedAt: number
  const elapsedMs = (): number => performance.now() - startedAt
  beforeEach(() => {
    startedAt = performance.now()
  })
  afterEach(() => {
    server.process.kill('SIGCONT')
  })

  test('makes publish() give up', async () => {
    const publisher = await connectPublisher()
    server.process.kill('SIGSTOP')
    await expect(publisher.publish([{ channel: CHANNELS[0]!, payload: 'stuck' }])).rejects.toThrow('timed out')
    expect(elapsedMs()).toBeLessThan(GIVE_UP_MS_MAX)

    server.process.kill('SIGCONT')
    await eventually(() => publisher.publish([{ channel: CHANNELS[0]!, payload: 'through' }]).then(() => true))
  })

  test('does not keep anybody from closing', async () => {
    const [publisher, listener] = [await connectPublisher(), connectSubscriber()]
    await listener.subscribe('channel')
    server.process.kill('SIGSTOP')
    await Promise.all([publisher.close(), listener.close()])

    expect(elapsedMs()).toBeLessThan(GIVE_UP_MS_MAX)
  })
})

test('a user without the permission is told so at once, and who has it is served', async () => {
  await command('ACL', 'SETUSER', 'limited', 'on', '>a-password', 'allcommands', 'resetchannels', '&paxyo:allowed')
  const listener = connectSubscriber(server.url.replace('//', '//limited:a-password@'))
  const startedAt = performance.now()

  await expect(listener.subscribe('forbidden')).rejects.toThrow('NOPERM')
  expect(performance.now() - startedAt).toBeLessThan(GIVE_UP_MS_MAX)
  await expect(listener.subscribe('allowed')).resolves.toBeUndefined()
})

test('a subscriber that is refused what it had is not restored before it has it again', async () => {
  await command('ACL', 'SETUSER', 'limited', 'on', '>a-password', 'allcommands', 'resetchannels', '&paxyo:*')
  const [publisher, listener] = [
    await connectPublisher(),
    connectSubscriber(server.url.replace('//', '//limited:a-password@')),
  ]
  await listener.subscribe('channel')
  // Redis disconnects a client that loses a permission.
  await command('ACL', 'SETUSER', 'limited', 'resetchannels')
  await eventually(() => !listener.isReady)
  await eventually(async () => String(await command('CLIENT', 'LIST')).includes('user=limited'))
  await sleep(300)
  expect([listener.isReady, listener.restoredWith]).toEqual([false, []])

  await command('ACL', 'SETUSER', 'limited', '&paxyo:*')
  await eventually(() => listener.restoredWith.length === 1)
  expect(await listener.restoredWith[0]).toBe(1)
  await publisher.publish([{ channel: 'channel', payload: 'hello' }])
  await eventually(() => listener.received.length === 1)
})

test('what is closed while Redis is down does not come back', async () => {
  const [publisher, listener] = [await connectPublisher(), connectSubscriber()]
  await listener.subscribe('channel')
  await kill()
  await eventually(() => !publisher.isReady && !listener.isReady)

  await Promise.all([publisher.close(), listener.close()])
  await server.restart()
  await connectPublisher()
  const clients = String(await command('CLIENT', 'LIST'))
  expect(clients.match(/name=paxyo-\w+/g)).toEqual(['name=paxyo-publisher'])
})

test('two systems on one Redis, with users of the same names, hear nothing of each other', async () => {
  const listener = connectSubscriber()
  const [channel] = CHANNELS as [string]
  await listener.subscribe(channel)
  const stranger = await connectPublisher('staging:')
  await stranger.publish([{ channel, payload: 'not for you' }])
  const publisher = await connectPublisher()
  await publisher.publish([{ channel, payload: 'for you' }])
  await eventually(() => listener.received.length > 0)
  expect(listener.received).toEqual([channel])
})
