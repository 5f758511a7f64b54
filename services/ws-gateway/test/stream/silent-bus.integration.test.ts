import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import {
  eventually,
  startChaosProxy,
  startRedisServer,
  type ChaosProxy,
  type RedisServer,
  type TestSocket,
} from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

/** Generous for a busy machine; one read of the database a second is what is meant. */
const SOON_MS = 6_000

let redis: RedisServer
let proxy: ChaosProxy
let gateway: GatewayFixture
beforeEach(async () => {
  redis = await startRedisServer()
  proxy = await startChaosProxy(redis.port)
  const busAt = (port: number) =>
    createRedisBus({ url: `redis://127.0.0.1:${port}`, channelPrefix: 'paxyo:', onError: () => undefined })
  gateway = await startGateway({ bus: busAt(proxy.port), publishTo: busAt(redis.port) })
  await eventually(async () => (await readiness()).checks['bus'] === 'ok')
})
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
  await redis.stop()
})

const readiness = async (): Promise<{ status: number; checks: Record<string, string> }> => {
  const response = await fetch(`${gateway.url}/readyz`)
  return { status: response.status, checks: ((await response.json()) as { checks: Record<string, string> }).checks }
}

async function aClient(userId: string): Promise<TestSocket> {
  await gateway.ingest.openAccount(userId)
  const client = await gateway.connect(userId)
  await client.next('welcome')
  return client
}

/**
 * The messages other than events, and the seqs of the events, in the order of their arrival. A connection to the bus that
 * is replaced may delay pages once more: `live` and `delayed` in a row are left out.
 */
function storyOf({ messages }: TestSocket): (string | number)[] {
  const story: (string | number)[] = []
  for (const message of messages) {
    if (message.type === 'delayed' && story.at(-1) === 'live') story.pop()
    else story.push(message.type === 'event' ? message.seq : message.type)
  }
  return story
}

type Outage = { readonly begin: () => void; readonly end: () => Promise<void> | void }
const outages: Readonly<Record<string, () => Outage>> = {
  'is killed': () => ({
    begin: () => void redis.process.kill('SIGKILL'),
    end: () => redis.restart(),
  }),
  'stands still': () => ({
    begin: () => void redis.process.kill('SIGSTOP'),
    end: () => void redis.process.kill('SIGCONT'),
  }),
  'is cut off from the gateway only': () => ({
    begin: () => void (proxy.delayMs = 600_000),
    end: () => void (proxy.delayMs = 0),
  }),
}

describe.each(Object.keys(outages))('when Redis %s', (name) => {
  test('pages are told, get every event from the database, once and in order, and are told when it is over', async () => {
    const client = await aClient('stays')
    await gateway.ingest.commitAndPublish('stays')
    await client.next('event')
    const outage = outages[name]!()
    outage.begin()

    const { since } = await client.next('delayed', undefined, SOON_MS)
    expect(Math.abs(Date.parse(since) - Date.now())).toBeLessThan(SOON_MS)
    // Nothing is published, or not to this gateway.
    await gateway.ingest.commit('stays')
    await client.next('event', ({ seq }) => seq === 2, SOON_MS)
    await gateway.ingest.commit('stays', 2)
    await client.next('event', ({ seq }) => seq === 4, SOON_MS)
    expect(await readiness()).toEqual({ status: 200, checks: { draining: 'ok', database: 'ok', bus: 'degraded' } })

    // New pages get in, and learn that they are late before they receive anything else.
    const newcomer = await aClient('newcomer')
    const second = await gateway.connect('stays')
    expect(await second.next('welcome')).toMatchObject({ seq: 4 })
    expect([newcomer, second].map(storyOf)).toEqual([
      ['delayed', 'welcome'],
      ['delayed', 'welcome'],
    ])
    await gateway.ingest.commit('newcomer')
    await newcomer.next('event', undefined, SOON_MS)

    const last = await gateway.ingest.commit('stays')
    await outage.end()
    for (const page of [client, newcomer, second]) await page.next('live', undefined, 20_000)
    expect(storyOf(client)).toEqual(['welcome', 1, 'delayed', 2, 3, 4, 5, 'live'])
    expect(storyOf(second)).toEqual(['delayed', 'welcome', 5, 'live'])

    // The bus delivers the last one late, which is a duplicate, and new ones at once.
    await eventually(() =>
      gateway.ingest.publish(last).then(
        () => true,
        () => false,
      ),
    )
    await gateway.ingest.commitAndPublish('stays')
    await gateway.ingest.commitAndPublish('newcomer')
    for (const page of [client, second]) await page.next('event', ({ seq }) => seq === 6)
    await newcomer.next('event', ({ seq }) => seq === 2)
    expect(storyOf(newcomer)).toEqual(['delayed', 'welcome', 1, 'live', 2])
    expect(storyOf(client)).toEqual(['welcome', 1, 'delayed', 2, 3, 4, 5, 'live', 6])
  }, 90_000)
})

describe('when webhook-ingest alone cannot reach Redis', () => {
  test('pages receive `delayed`, and committed events from the database, within about a second', async () => {
    const client = await aClient('unpublished')
    await gateway.ingest.commitAndPublish('unpublished')
    await client.next('event')
    const first = await gateway.ingest.commit('unpublished')
    await gateway.ingest.leaveInOutbox(first)
    const committedAt = performance.now()

    await client.next('delayed', undefined, SOON_MS)
    await client.next('event', ({ seq }) => seq === 2, SOON_MS)
    process.stderr.write(`shown ${Math.round(performance.now() - committedAt)} ms after the commit\n`)
    expect(performance.now() - committedAt).toBeLessThan(SOON_MS)
    expect((await readiness()).checks['bus']).toBe('degraded')
    const second = await gateway.ingest.commit('unpublished')
    await gateway.ingest.leaveInOutbox(second)
    await client.next('event', ({ seq }) => seq === 3, SOON_MS)

    // Redis is back: the outbox is published and emptied.
    await gateway.ingest.publish([...first, ...second])
    await gateway.ingest.emptyOutbox()
    await client.next('live', undefined, SOON_MS)
    await gateway.ingest.commitAndPublish('unpublished')
    await client.next('event', ({ seq }) => seq === 4)
    expect(storyOf(client)).toEqual(['welcome', 1, 'delayed', 2, 3, 'live', 4])
  })

  test('batches that are published and deleted again and again are no reason', async () => {
    const client = await aClient('busy')
    for (let count = 0; count < 10; count += 1) {
      const committed = await gateway.ingest.commit('busy')
      await gateway.ingest.leaveInOutbox(committed)
      await gateway.ingest.publish(committed)
      await client.next('event', ({ seq }) => seq === count + 1)
      await gateway.ingest.emptyOutbox()
    }
    expect(storyOf(client)).not.toContain('delayed')
  })
})

test('a page that was waiting for the subscription when Redis went away is let in', async () => {
  await gateway.ingest.openAccount('waiting')
  proxy.delayMs = 600_000
  const client = await gateway.connect('waiting')
  expect(await client.next('welcome', undefined, SOON_MS)).toMatchObject({ seq: 0 })
  await gateway.ingest.commit('waiting')
  await client.next('event', undefined, SOON_MS)

  proxy.delayMs = 0
  await client.next('live', undefined, 20_000)
  await gateway.ingest.commitAndPublish('waiting')
  await client.next('event', ({ seq }) => seq === 2)
  expect(storyOf(client)).toEqual(['delayed', 'welcome', 1, 'live', 2])
}, 60_000)

test('while Redis comes and goes, what pages show is what was committed', async () => {
  const userIds = Array.from({ length: 6 }, (_, index) => `user-${index}`)
  const clients = new Map<string, TestSocket>()
  for (const userId of userIds) clients.set(userId, await aClient(userId))
  const over = new AbortController()
  const unpublished: Parameters<typeof gateway.ingest.publish>[0][] = []
  const committing = userIds.map(async (userId) => {
    let count = 0
    for (; !over.signal.aborted; count += 1) {
      const events = await gateway.ingest.commit(userId)
      await gateway.ingest.publish(events).catch(() => unpublished.push(events))
      await sleep(Math.random() * 40)
    }
    return count
  })
  const joined: TestSocket[] = []
  for (let turn = 0; turn < 3; turn += 1) {
    redis.process.kill(turn === 1 ? 'SIGSTOP' : 'SIGKILL')
    joined.push(await gateway.connect(userIds[turn]!))
    await sleep(500 + Math.random() * 1_500)
    if (turn === 1) redis.process.kill('SIGCONT')
    else await redis.restart()
    joined.push(await gateway.connect(userIds[turn]!))
    await sleep(Math.random() * 1_500)
  }
  over.abort()
  const counts = await Promise.all(committing)
  // The outbox does so when it is connected again, which may be after the gateway is.
  for (const events of unpublished) {
    await eventually(async () => gateway.ingest.publish(events).then(() => true))
  }

  for (const [index, userId] of userIds.entries()) {
    const client = clients.get(userId)!
    await eventually(() => client.events().at(-1)?.seq === counts[index], 20_000)
    expect(client.events().map(({ seq }) => seq)).toEqual(Array.from({ length: counts[index]! }, (_, at) => at + 1))
  }
  for (const [index, client] of joined.entries()) {
    const { seq } = await client.next('welcome')
    const last = counts[Math.floor(index / 2)]!
    await eventually(() => seq + client.events().length === last, 20_000)
    expect(client.events().map((event) => event.seq)).toEqual(
      Array.from({ length: last - seq }, (_, at) => seq + at + 1),
    )
  }
}, 90_000)
