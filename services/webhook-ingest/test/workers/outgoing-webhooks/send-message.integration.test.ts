import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { freePort } from '@paxyo/testkit'
import { Webhook } from 'standardwebhooks'
import {
  createMessageSender,
  type MessageSender,
  type SendTarget,
} from '../../../src/workers/outgoing-webhooks/send-message.ts'
import { warnOfEndpoint } from '../../../src/workers/outgoing-webhooks/send-ping.ts'
import { KEY, SECRET, startTestPanel, type TestPanel } from './test-panel.ts'

const TIMEOUT_MS = 60_000
const targetOf = (url: string, allowPrivate = false): SendTarget => ({
  url,
  keys: [KEY],
  ca: null,
  isInsecure: false,
  rules: { allowPrivate, allowLoopback: false },
})
const TIMED = { durationMs: expect.any(Number) }
const MESSAGE = { id: 'refund-1', body: '{"a":1}' }

let panel: TestPanel
let sender: MessageSender
beforeEach(async () => {
  panel = await startTestPanel()
  sender = createMessageSender(targetOf(panel.url), TIMEOUT_MS)
})
afterEach(async () => {
  sender.close()
  await panel[Symbol.asyncDispose]()
})

const send = () => sender.send(MESSAGE, Date.now())

/** Sends with a timeout that is short enough for a test, and long enough for a response on a busy machine. */
async function sendImpatiently() {
  const impatient = createMessageSender(targetOf(panel.url), 3_000)
  try {
    return await impatient.send(MESSAGE, Date.now())
  } finally {
    impatient.close()
  }
}

test('what arrives is signed, and any answer of 2xx is enough', async () => {
  panel.respond = (_received, response) => response.writeHead(204).end()

  expect(await send()).toEqual({ ...TIMED, delivered: true, status: 204, error: null, response: '' })
  const [received] = panel.received
  expect(new Webhook(SECRET).verify(received!.body, received!.headers)).toEqual({ a: 1 })
  expect(received!.headers).toMatchObject({ 'content-type': 'application/json' })
})

test('one connection serves for many', async () => {
  const ports = new Set<number>()
  panel.respond = (_received, response, request) => {
    ports.add(request.socket.remotePort!)
    response.end('ok')
  }
  for (let count = 0; count < 5; count += 1) await send()
  expect(ports.size).toBe(1)
})

test('an error is told in one line that can be stored', async () => {
  panel.respond = (_received, response) => response.writeHead(500).end(`<b>no\u0000\n\n way</b> ${'ü'.repeat(5_000)}`)

  const attempt = await send()
  expect(attempt).toMatchObject({
    delivered: false,
    status: 500,
    response: attempt.error!.slice('status 500: '.length),
  })
  expect(attempt.error).toMatch(/^status 500: <b>no way<\/b> ü+$/)
  expect(attempt.error!.length).toBeLessThan(350)
})

test('a redirect is not followed', async () => {
  await using elsewhere = await startTestPanel()
  panel.respond = (_received, response) => response.writeHead(307, { location: elsewhere.url }).end()

  expect(await send()).toEqual({ ...TIMED, delivered: false, status: 307, error: 'status 307', response: '' })
  expect(elsewhere.received).toEqual([])
})

test('no answer in time is none', async () => {
  panel.respond = () => undefined
  const attempt = await sendImpatiently()
  expect(attempt).toMatchObject({ delivered: false, status: null, error: 'no response within 3000 ms', response: null })
  expect(attempt.durationMs).toBeGreaterThanOrEqual(2_900)
})

test('the status is the answer: a body without end is waited for no longer than an answer', async () => {
  panel.respond = (_received, response) => {
    response.writeHead(200)
    const drip = setInterval(() => response.write('x'), 20)
    response.once('close', () => clearInterval(drip))
  }
  expect(await sendImpatiently()).toMatchObject({ delivered: true, status: 200 })
})

test('a flood for an answer is cut off', async () => {
  let written = 0
  panel.respond = (_received, response) => {
    response.writeHead(400)
    const pour = (): void => {
      written += 1 << 16
      if (!response.destroyed && written < 1 << 28) response.write(Buffer.alloc(1 << 16, 120), () => setImmediate(pour))
    }
    pour()
  }
  expect(await send()).toMatchObject({ delivered: false, status: 400 })
  expect(written).toBeLessThan(1 << 26)
})

test.each<[string, (panel: TestPanel) => void]>([
  ['a connection that is cut', (it) => void (it.respond = (_received, response) => response.socket!.resetAndDestroy())],
  [
    'a response that is not HTTP',
    (it) => void (it.respond = (_received, response) => response.socket!.end('hello\r\n\r\n')),
  ],
  [
    'a change of protocol',
    (it) =>
      void (it.respond = (_received, response) =>
        response.socket!.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')),
  ],
])('%s is a failure', async (_name, arrange) => {
  arrange(panel)
  expect(await send()).toMatchObject({ delivered: false, status: null, error: expect.any(String) })
})

test('nobody there is a failure', async () => {
  const gone = createMessageSender(targetOf(`http://127.0.0.1:${await freePort()}/`))
  expect(await gone.send(MESSAGE, Date.now())).toMatchObject({
    delivered: false,
    error: expect.stringContaining('ECONNREFUSED'),
  })
  gone.close()
})

test('at the start the endpoint of the environment gets a signed ping, and only a problem is logged', async () => {
  const logged: unknown[] = []
  const log = { warn: (...entry: unknown[]) => void logged.push(...entry) }
  const { rules, keys } = targetOf(panel.url)
  const ping = (url: string): Promise<void> =>
    warnOfEndpoint({ endpoint: { url, keys, types: ['refund.paid'] }, rules, retryDelaysMs: [] }, log)

  await ping(panel.url)
  const [received] = panel.pings
  expect(new Webhook(SECRET).verify(received!.body, received!.headers)).toMatchObject({ type: 'ping' })
  expect(logged).toEqual([])

  panel.respondToPing = (_ping, response) => response.writeHead(404).end('no such page')
  await ping(panel.url)
  await ping('https://no-such-panel.invalid/webhook.php')
  const variable = 'OUTGOING_WEBHOOK_URL'
  expect(logged).toEqual([
    { variable, problem: 'status 404: no such page' },
    'outgoing webhook ping failed',
    { variable, problem: 'no-such-panel.invalid does not resolve' },
    'outgoing webhook ping failed',
  ])
})
