import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPanelClient } from '@paxyo/panel-client'
import { eventually, startPhpServer, type PhpServer } from '@paxyo/testkit'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PANEL_KEY, startSystem, type System } from '../../e2e/system.ts'

const EXAMPLE = fileURLToPath(new URL('../php/public', import.meta.url))
/** PHP may have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000

let system: System
let php: PhpServer
let endpointId: string
let dataDir: string
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'paxyo-php-webhook-'))
  system = await startSystem()
  const { endpoints } = createPanelClient({ url: system.ingest.url, apiKey: PANEL_KEY }).outgoingWebhooks
  const { endpoint, secret } = await endpoints.create({ url: 'http://127.0.0.1:9/', types: ['order.updated'] })
  ;({ endpointId } = endpoint)
  php = await startPhpServer(EXAMPLE, { PAXYO_WEBHOOK_SECRET: secret, PANEL_DATA_DIR: dataDir })
  await endpoints.change(endpointId, { url: `${php.url}/webhook.php` })
}, SET_UP_TIMEOUT_MS)
afterAll(async () => {
  await php?.[Symbol.asyncDispose]()
  await system[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

interface PanelOrder {
  readonly orderId: string
  readonly status: string
  readonly remains: number | null
  readonly refunded: string
}
const ordersFile = (): string => join(dataDir, 'panel-orders.json')
const readTable = (): PanelOrder[] => JSON.parse(readFileSync(ordersFile(), 'utf8')) as PanelOrder[]

test("webhook.php keeps the panel's own orders true", async () => {
  const ids = ['41001', '41002', '41003']
  writeFileSync(
    ordersFile(),
    JSON.stringify(ids.map((id) => ({ orderId: `P-${id}`, status: 'pending', refunded: '0' }))),
  )
  for (const id of ids) await system.register({ orderId: `P-${id}`, providerOrderId: id, userId: 'demo' })
  await system.webhook({ order_id: '41001', status: 'In progress', remains: '420' })
  await system.webhook({ order_id: '41002', status: 'Partial', remains: '300' })
  await system.webhook({ order_id: '41001', status: 'Completed', remains: '0' })
  await system.webhook({ order_id: '41003', status: 'Canceled' })

  await eventually(() => readTable().every(({ status }) => status !== 'pending' && status !== 'in_progress'))
  expect(readTable()).toMatchObject([
    { orderId: 'P-41001', status: 'completed', remains: 0, refunded: '0' },
    { orderId: 'P-41002', status: 'partial', remains: 300 },
    { orderId: 'P-41003', status: 'canceled' },
  ])
})

test('what Paxyo did not sign is rejected, and changes nothing', async () => {
  const before = readFileSync(ordersFile(), 'utf8')
  const body = JSON.stringify({
    type: 'order.updated',
    data: { order: { orderId: 'P-41001', status: 'failed' }, seq: 99 },
  })
  const headers = {
    'webhook-id': '1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': 'v1,bm9uZQ==',
  }
  for (const sent of [headers, {}]) {
    expect((await fetch(`${php.url}/webhook.php`, { method: 'POST', body, headers: sent })).status).toBe(401)
  }
  expect(readFileSync(ordersFile(), 'utf8')).toBe(before)
})
