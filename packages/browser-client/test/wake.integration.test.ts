import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { connect, type Client } from '@paxyo/browser-client'
import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { startScriptedServer, welcome } from './scripted-server.ts'

/** A page as far as the client uses it: events on three targets. */
let page: { window: EventTarget; document: EventTarget & { visibilityState: string }; connection: EventTarget }
beforeEach(() => {
  page = {
    window: new EventTarget(),
    document: Object.assign(new EventTarget(), { visibilityState: 'visible' }),
    connection: new EventTarget(),
  }
  for (const name of ['window', 'document'] as const) {
    Object.defineProperty(globalThis, name, { configurable: true, value: page[name] })
  }
  Object.defineProperty(navigator, 'connection', { configurable: true, value: page.connection })
})
const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  for (const name of ['window', 'document']) Reflect.deleteProperty(globalThis, name)
  Reflect.deleteProperty(navigator, 'connection')
})

const fire = (target: 'window' | 'document' | 'connection', type: string): boolean =>
  page[target].dispatchEvent(new Event(type))

const WAKES = {
  'is looked at again': () => fire('document', 'visibilitychange'),
  'comes from the back/forward cache': () => fire('window', 'pageshow'),
  'is online': () => fire('window', 'online'),
  'has another network': () => fire('connection', 'change'),
}

/** The first link is dead after its welcome, unless it may respond. */
async function startServer({ revision, responds }: { revision?: number; responds: boolean }) {
  const checks: number[] = []
  const server = await startScriptedServer((say, socket, visit) => {
    say(welcome(visit, revision === undefined ? {} : { revision }))
    socket.on('message', (data: Buffer) => {
      if (!data.includes('"check"')) return
      checks.push(visit)
      if (responds || visit > 0) say({ type: 'ping' })
    })
  })
  const client = connect({ url: server.url, token: 'a.b.c', share: 'none' })
  clients.push(client)
  await eventually(() => client.status.state === 'live')
  return { server, client, checks }
}

describe.each(Object.keys(WAKES) as (keyof typeof WAKES)[])('a page that %s', (wake) => {
  test('knows within 3 seconds that its link is dead', async () => {
    const { server, client, checks } = await startServer({ revision: 3, responds: false })
    await using cleanup = new AsyncDisposableStack()
    cleanup.use(server)
    const lostAfterMs = new Promise<number>((resolve) => {
      const startedAt = performance.now()
      client.on('status', ({ status }) => status.error?.code === 'link_dead' && resolve(performance.now() - startedAt))
    })
    const states: string[] = []
    client.on('status', ({ status }) => void states.push(status.state))
    WAKES[wake]()

    // Three seconds on a machine with nothing else to do. Without the check it takes 54.
    expect(await lostAfterMs).toBeLessThan(20_000)
    // Not `live` until then: what happened meanwhile may be missing.
    expect(states.slice(0, 2)).toEqual(['delayed', 'reconnecting'])
    await eventually(() => client.status.state === 'live')
    expect(checks).toEqual([0])
  })

  test('keeps a link that works, and one of a server that does not know the question', async () => {
    const responding = await startServer({ revision: 3, responds: true })
    await using cleanup = new AsyncDisposableStack()
    cleanup.use(responding.server)
    const older = await startServer({ responds: false })
    cleanup.use(older.server)
    for (let count = 0; count < 3; count += 1) WAKES[wake]()
    await sleep(3_300)

    expect([responding.client.status.state, older.client.status.state]).toEqual(['live', 'live'])
    expect([responding.server.hellos.length, older.server.hellos.length]).toEqual([1, 1])
    expect([responding.checks, older.checks]).toEqual([[0], []])
  })
})

/** Nothing in this process runs meanwhile, neither timers nor messages; it takes no CPU time. */
const blockThread = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

test('a page whose timers come late, and before the messages that wait for it, keeps its link', async () => {
  const { server, client } = await startServer({ revision: 3, responds: true })
  await using cleanup = new AsyncDisposableStack()
  cleanup.use(server)
  fire('document', 'visibilitychange')
  // The response and the timer are due when this process can work again; it runs its timers first.
  blockThread(4_000)
  await sleep(2_000)

  expect(client.status.state).toBe('live')
  expect(server.hellos).toHaveLength(1)
})

test('a device that was asleep checks its link', async () => {
  const { server, client, checks } = await startServer({ revision: 3, responds: true })
  await using cleanup = new AsyncDisposableStack()
  cleanup.use(server)
  blockThread(6_500)
  await eventually(() => checks.length > 0)

  expect(client.status.state).toBe('live')
})

test('a page is told that events are late, and when they are not', async () => {
  const late: ((message: object) => void)[] = []
  await using server = await startScriptedServer((say, socket, visit) => {
    if (visit === 0) say({ type: 'delayed', since: '2026-11-27T10:00:00.000Z' })
    say(welcome(1))
    late.push(say)
    if (visit === 1) socket.close(4005, 'unavailable')
  })
  const client = connect({ url: server.url, token: 'a.b.c', share: 'none' })
  clients.push(client)
  const states: string[] = []
  client.on('status', ({ status }) => states.push(status.state))
  await eventually(() => client.status.state === 'delayed')
  late[0]!({ type: 'live' })
  await eventually(() => client.status.state === 'live')
  late[0]!({ type: 'delayed', since: '2026-11-27T10:00:00.000Z' })
  await eventually(() => client.status.state === 'delayed')
  expect(states).toEqual(['delayed', 'live', 'delayed'])
})
