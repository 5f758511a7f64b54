import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  createTestDatabase,
  eventually,
  sharedRedisUrl,
  startService,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { paxyo } from '../paxyo.ts'

const KEY = 'a-panel-api-key'

let database: TestDatabase
let ingest: ServiceProcess
let env: Record<string, string>
let receiver: Server
let url: string
let status = 200
beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.resume()
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  database = await createTestDatabase()
  ingest = await startService('webhook-ingest', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: 'a-webhook-token',
    PANEL_API_KEYS: KEY,
  })
  env = { PAXYO_URL: ingest.url, PAXYO_API_KEY: KEY }
})
afterAll(async () => {
  await ingest.end('SIGKILL')
  receiver.close()
  receiver.closeAllConnections()
  await database[Symbol.asyncDispose]()
})

async function post(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` }
  const response = await fetch(`${ingest.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
}

test('an endpoint from its creation to its end, with what it got and what it refused', async () => {
  const run = async (...args: string[]) => (await paxyo(['outgoing-webhooks', ...args], env)).stdout
  expect(await run('endpoints', 'list')).toBe('No endpoints.\n')
  const created = await run('endpoints', 'create', url, '--types', 'order.updated,refund.paid')
  expect(created).toMatch(
    /^(\S+) +http:\S+ +order.updated,refund.paid +enabled +0 waiting\nsecret, shown once: whsec_\S+\nping: status 200\n$/,
  )
  const id = created.split(' ')[0]!

  await post('/v1/orders', {
    orderId: 'A-1',
    providerOrderId: '1',
    userId: 'ann',
    service: 's',
    link: 'l',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
  })
  await post('/webhooks/godofpanel/a-webhook-token', { order_id: '1', status: 'Canceled' })
  await eventually(async () => (await run('list', '--state', 'delivered')).split('\n').length === 3)
  expect(await run('list', '--endpoint', id)).toMatch(/refund.paid +order A-1 +delivered +1 attempts +status 200/)

  const [{ webhookId }] = JSON.parse(await run('list', '--json')) as [{ webhookId: string }]
  const shown = await run('show', webhookId)
  expect(shown).toContain('"type":"refund.paid"')
  expect(shown).toMatch(/^\S+Z +\d+ ms +status 200$/m)
  expect(await run('retry', webhookId)).toBe('1 webhooks are due.\n')
  expect(await run('retry', '--dead')).toContain('Nothing to retry')
  expect((await paxyo(['outgoing-webhooks', 'retry'], env)).stderr).toContain('name one webhook, or all with --dead')

  expect(await run('endpoints', 'rotate', id)).toMatch(/^new secret, shown once: whsec_\S+\n/)
  expect(await run('endpoints', 'rotate', id, '--retire')).toBe('The older secret is removed.\n')
  expect(await run('endpoints', 'change', id, '--types', 'refund.paid')).toContain('refund.paid')
  expect(await run('endpoints', 'disable', id)).toContain('disabled')
  expect(await run('endpoints', 'enable', id)).toContain('enabled')

  status = 500
  const failed = await paxyo(['outgoing-webhooks', 'ping', id], env)
  expect([failed.code, failed.stdout]).toEqual([1, 'ping failed: status 500\n'])
  expect((await paxyo(['outgoing-webhooks', 'ping'], env)).stderr).toContain('No endpoint of outgoing webhooks')
  expect(await run('endpoints', 'delete', id)).toBe(`${id} is deleted.\n`)
  expect((await paxyo(['outgoing-webhooks', 'endpoints', 'create', 'http://10.0.0.1/'], env)).stderr).toContain(
    'must begin with https://',
  )
})
