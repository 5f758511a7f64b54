import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  createTestDatabase,
  eventually,
  mintToken,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { WebSocket } from 'ws'
import { startLocalHaproxy, type LocalHaproxy } from './local-haproxy.ts'

// A real HAProxy and a real gateway; an hour lasts eight seconds, and hard-stop-after is longer, as in production.

const CONNECTION_AGE_SECONDS_MAX = 8
const HARD_STOP_AFTER_SECONDS = 12
const CLIENTS = 16

let database: TestDatabase
let gateway: ServiceProcess
let haproxy: LocalHaproxy

beforeAll(async () => {
  database = await createTestDatabase()
  gateway = await startService('ws-gateway', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    JWT_SECRETS: TEST_JWT_SECRET,
    CONNECTION_AGE_SECONDS_MAX: `${CONNECTION_AGE_SECONDS_MAX}`,
  })
  haproxy = await startLocalHaproxy({
    servers: { gateway: [new URL(gateway.url).host] },
    isReloadable: true,
    edit: (config) => config.replace(/hard-stop-after \w+/, `hard-stop-after ${HARD_STOP_AFTER_SECONDS}s`),
  })
})
afterAll(async () => {
  await haproxy[Symbol.asyncDispose]()
  await gateway.end('SIGKILL')
  await database[Symbol.asyncDispose]()
})

interface Client {
  readonly frames: { readonly type: string }[]
  /** The close code, and how long it was open. */
  readonly closed: Promise<{ code: number; afterMs: number }>
}

/** Connects through HAProxy; resolves with the welcome. */
async function connect(userId: string): Promise<Client> {
  const { ports, ca } = haproxy
  const socket = new WebSocket(`wss://localhost:${ports.secure}/ws`, { ca })
  const frames: Client['frames'] = []
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { type: string }
    frames.push(message)
    if (message.type === 'ping') socket.send('{"type":"pong"}')
  })
  const closed = new Promise<{ code: number; afterMs: number }>((resolve) => {
    socket.once('close', (code) => resolve({ code, afterMs: performance.now() - openedAt }))
  })
  let openedAt = 0
  // Rejects on an error, too.
  await once(socket, 'open')
  openedAt = performance.now()
  socket.send(JSON.stringify({ type: 'hello', token: await mintToken(userId) }))
  await eventually(() => frames.some(({ type }) => type === 'welcome'))
  return { frames, closed }
}

test('a stream passes, over HTTP/2, until its drain and its close code', async () => {
  await eventually(() => connect('first').then(() => true)).catch((error: unknown) => {
    throw new Error(`HAProxy does not forward:\n${haproxy.output()}`, { cause: error })
  })
  const session = connectHttp2(`https://localhost:${haproxy.ports.secure}`, { ca: haproxy.ca })
  const request = session.request({ ':method': 'POST', ':path': '/stream' })
  const responded = once(request, 'response')
  request.end(JSON.stringify({ type: 'hello', token: await mintToken('streamed') }))
  const [headers] = (await responded) as [Record<string, unknown>]
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  session.close()

  expect(text.match(/"type":"(?:welcome|drain)"/g)).toEqual(['"type":"welcome"', '"type":"drain"'])
  expect(text).toContain('event: close\ndata: {"code":4000,"reason":"draining"}\n\n')
}, 60_000)

test('after a reload every connection of the old process is drained, one after the other, and none is cut off', async () => {
  await eventually(() => connect('first').then(() => true)).catch((error: unknown) => {
    throw new Error(`HAProxy does not forward:\n${haproxy.output()}`, { cause: error })
  })
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => connect(`user-${index}`)))
  haproxy.child.kill('SIGUSR2')

  const ends = await Promise.all(clients.map(({ closed }) => closed))
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([4000]))
  for (const { frames } of clients) expect(frames.map(({ type }) => type)).toContain('drain')
  const times = ends.map(({ afterMs }) => afterMs)
  expect(Math.max(...times)).toBeLessThan(HARD_STOP_AFTER_SECONDS * 1000)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan((CONNECTION_AGE_SECONDS_MAX * 1000) / 5)
  // The new process has taken over.
  expect((await connect('after')).frames).toContainEqual(expect.objectContaining({ type: 'welcome' }))
}, 120_000)
