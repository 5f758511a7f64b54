import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { completeSecrets } from '@paxyo/secrets'
import {
  createTestDatabase,
  eventually,
  freePort,
  mintToken,
  provideProgram,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

// A real HAProxy and a real gateway; an hour lasts eight seconds, and hard-stop-after is longer, as in production.

const CONFIG = new URL('../haproxy/haproxy.cfg', import.meta.url)
const CONNECTION_AGE_SECONDS_MAX = 8
const HARD_STOP_AFTER_SECONDS = 12
const CLIENTS = 16

let folder: string
let ca: string
let database: TestDatabase
let gateway: ServiceProcess
let haproxy: ChildProcess
let output = ''
const ports = { plain: 0, secure: 0, internal: 0 }

beforeAll(async () => {
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort()
  database = await createTestDatabase()
  gateway = await startService('ws-gateway', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    JWT_SECRETS: TEST_JWT_SECRET,
    CONNECTION_AGE_SECONDS_MAX: `${CONNECTION_AGE_SECONDS_MAX}`,
  })
  const secrets = await completeSecrets({}, ['localhost'], new Date())
  ca = secrets['ca.crt']!
  folder = mkdtempSync(join(tmpdir(), 'paxyo-haproxy-reload-'))
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls/site.pem'), secrets['tls/site.pem']!)
  const config = readFileSync(CONFIG, 'utf8')
    .replace('/etc/haproxy/tls/', `${join(folder, 'tls')}/`)
    .replace('bind :8080', `bind 127.0.0.1:${ports.plain}`)
    .replace('bind :8443', `bind 127.0.0.1:${ports.secure}`)
    .replace('bind :8404', `bind 127.0.0.1:${ports.internal}`)
    .replace('server-template gateway 20 ws-gateway:8080', `server gateway2 ${new URL(gateway.url).host}`)
    .replace(/hard-stop-after \w+/, `hard-stop-after ${HARD_STOP_AFTER_SECONDS}s`)
  writeFileSync(join(folder, 'haproxy.cfg'), config)
  haproxy = spawn(provideProgram(['haproxy'], 'haproxy'), ['-W', '-db', '-f', join(folder, 'haproxy.cfg')], {
    env: { PATH: process.env['PATH'], PUBLIC_HTTPS_PORT: '443' },
  })
  for (const stream of [haproxy.stdout!, haproxy.stderr!]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
})
afterAll(async () => {
  const exited = once(haproxy, 'exit')
  haproxy.kill('SIGTERM')
  await exited
  await gateway.end('SIGKILL')
  await database[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

interface Client {
  readonly frames: { readonly type: string }[]
  /** The close code, and how long it was open. */
  readonly closed: Promise<{ code: number; afterMs: number }>
}

/** Connects through HAProxy; resolves with the welcome. */
async function connect(userId: string): Promise<Client> {
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
    throw new Error(`HAProxy does not forward:\n${output}`, { cause: error })
  })
  const session = connectHttp2(`https://localhost:${ports.secure}`, { ca })
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
    throw new Error(`HAProxy does not forward:\n${output}`, { cause: error })
  })
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => connect(`user-${index}`)))
  haproxy.kill('SIGUSR2')

  const ends = await Promise.all(clients.map(({ closed }) => closed))
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([4000]))
  for (const { frames } of clients) expect(frames.map(({ type }) => type)).toContain('drain')
  const times = ends.map(({ afterMs }) => afterMs)
  expect(Math.max(...times)).toBeLessThan(HARD_STOP_AFTER_SECONDS * 1000)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan((CONNECTION_AGE_SECONDS_MAX * 1000) / 5)
  // The new process has taken over.
  expect((await connect('after')).frames).toContainEqual(expect.objectContaining({ type: 'welcome' }))
}, 120_000)
