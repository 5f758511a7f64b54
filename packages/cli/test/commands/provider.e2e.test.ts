import { expect, test } from '@jest/globals'
import { createTestDatabase, eventually, freePort, sharedRedisUrl, startService } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { startPaxyo } from '../paxyo-process.ts'
import { paxyo } from '../paxyo.ts'

const KEY = 'a-panel-api-key'
const PROVIDER_KEY = 'a-provider-api-key'

test('simulate plays the provider; reconcile asks it for what its webhooks never said', async () => {
  await using database = await createTestDatabase()
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    PROVIDER_API_KEY: PROVIDER_KEY,
  }
  await using ingest = await startService('webhook-ingest', { ...settings, PANEL_API_KEYS: KEY, PROVIDER_API_KEY: '' })
  const port = await freePort()
  const simulator = startPaxyo(['simulate'], { PORT: `${port}`, API_KEY: PROVIDER_KEY })
  try {
    await eventually(() => simulator.stdout().includes('control: '))
    const apiUrl = /^api: (\S+)$/m.exec(simulator.stdout())![1]!
    const control = `http://127.0.0.1:${port}/control`
    await post(`${control}/orders`, PROVIDER_KEY, { orderId: '1', quantity: 1000, status: 'in_progress' })
    await post(`${control}/orders`, PROVIDER_KEY, { orderId: '2', quantity: 1000, status: 'canceled' })
    for (const id of ['1', '2']) await post(`${ingest.url}/v1/orders`, KEY, anOrder(id))

    const env = { ...settings, PROVIDER_API_URL: apiUrl }
    const ran = await paxyo(['reconcile', '--json', '--', 'A-1', 'A-2', '-9'], env)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.json()).toMatchObject({
      askedCount: 2,
      refunds: [{ orderId: 'A-2', amount: '2.5' }],
      unknown: ['-9'],
      withoutResponse: [],
    })
    const again = await paxyo(['reconcile', '--silent-hours', '0'], env)
    expect(again).toMatchObject({ code: 0, stdout: 'orders asked about: 1 (1 unchanged)\n' })

    const wrong = await paxyo(['reconcile', 'A-1'], { ...env, PROVIDER_API_KEY: 'another key' })
    expect(wrong).toMatchObject({
      code: 1,
      stdout:
        'orders asked about: 0\n' +
        "godofpanel: rejected (HTTP 200): The provider rejected the request; the message contains the provider's reason. " +
        '(Invalid API key)\nstopped by rejected; not asked about: A-1\n',
    })
    const { code, stderr } = await paxyo(['reconcile', '--silent-hours', 'soon'], { PROVIDER_API_URL: 'ftp://x' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/PROVIDER_API_URL: must be/)
  } finally {
    simulator.child.kill('SIGTERM')
  }
  expect((await simulator.ended).code).toBe(0)
})

const anOrder = (id: string): object => ({
  orderId: `A-${id}`,
  providerOrderId: id,
  userId: 'user-1',
  service: 'followers',
  link: 'https://example.com',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
})

async function post(url: string, key: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}
