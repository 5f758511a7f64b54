import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { orderEventSchema } from '@paxyo/contracts'
import { connectSocket, eventually, launchChromium, mintToken, takeScreenshot } from '@paxyo/testkit'
import { startSystem, type System } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => {
  await system[Symbol.asyncDispose]()
})

test("the setup guide's curl: the order is canceled, the money comes back, and only its user is told", async () => {
  await system.register({})
  const [user, stranger] = await Promise.all(
    ['user-1', 'user-2'].map(async (userId) => connectSocket(system.gateway.url, { token: await mintToken(userId) })),
  )
  expect(await user!.next('welcome')).toMatchObject({ mode: 'snapshot', seq: 1, account: { balance: '0' } })
  await stranger!.next('welcome')

  const response = await system.webhook({ order_id: '12345', status: 'canceled' })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ results: [{ orderId: '12345', outcome: 'applied', refund: '2.5' }] })

  const event = await user!.next('event')
  expect(orderEventSchema.parse(event)).toEqual(event)
  expect(event).toMatchObject({
    seq: 2,
    order: { orderId: 'A-1', status: 'canceled', refunded: '2.5' },
    refund: { amount: '2.5' },
    account: { balance: '2.5' },
  })
  const { rows } = await system.database.owner.query<{ payload: string }>(
    'SELECT event_payload(events) AS payload FROM events WHERE seq = 2',
  )
  expect(user!.frames.at(-1)).toBe(rows[0]!.payload)
  expect(stranger!.events()).toEqual([])
  user!.close()
  stranger!.close()
})

test('an open page changes without being reloaded', async () => {
  await system.register({ orderId: 'B-1', providerOrderId: '777', userId: 'user-3' })
  await system.deposit('user-3', '1')
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(await system.servePage('user-3'))
    await page.waitForSelector('[data-state="live"]')
    await page.waitForSelector('[data-order-id="B-1"] [data-status="pending"]')
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))

    await system.webhook({ order_id: '777', status: 'Partial', remains: '300' })
    await page.waitForSelector('[data-order-id="B-1"] [data-status="partial"]')

    expect(await page.textContent('#balance')).toBe('$1.75')
    expect(await page.textContent('#toasts')).toContain('$0.75 refunded')
    expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true)
    expect(errors).toEqual([])
    await takeScreenshot(page, 'end-to-end')
  } finally {
    await browser.close()
  }
})

test('kill -9 of either service between any two webhooks loses no refund and no event', async () => {
  const userId = 'user-4'
  const count = 6
  for (let index = 0; index < count; index += 1) {
    await system.register({ orderId: `C-${index}`, providerOrderId: `90${index}`, userId })
  }
  let client = await connectSocket(system.gateway.url, { token: await mintToken(userId) })
  const { epoch, seq } = await client.next('welcome')
  const seen: number[] = []
  const resumes: unknown[] = []
  let last = seq

  for (let index = 0; index < count; index += 1) {
    const response = await system.webhook({ order_id: `90${index}`, status: 'canceled' })
    expect(response.status).toBe(200)
    // Killed at once: the event may or may not have been published, and may or may not have been forwarded.
    if (index % 2 === 0) {
      await system.ingest.end('SIGKILL')
      system.ingest = await system.start('webhook-ingest')
    } else {
      await system.gateway.end('SIGKILL')
      await client.closed()
      seen.push(...client.events().map((event) => event.seq))
      last = seen.at(-1) ?? last
      system.gateway = await system.start('ws-gateway')
      client = await connectSocket(system.gateway.url, { token: await mintToken(userId), resume: { epoch, seq: last } })
      resumes.push(await client.next('welcome'))
    }
  }

  await eventually(() => (seen.at(-1) ?? last) + client.events().length >= seq + count)
  seen.push(...client.events().map((event) => event.seq))
  expect(seen).toEqual(Array.from({ length: count }, (_, index) => seq + 1 + index))
  expect(resumes).toMatchObject(Array.from({ length: count / 2 }, () => ({ mode: 'resumed' })))
  const { rows } = await system.database.owner.query(
    `SELECT accounts.balance::text, sum(ledger_entries.amount)::text AS refunds
     FROM accounts JOIN ledger_entries USING (user_id) WHERE user_id = $1 GROUP BY accounts.balance`,
    [userId],
  )
  expect(rows).toEqual([{ balance: '15.00000000', refunds: '15.00000000' }])
  client.close()
})

test('what is wrong with a request is said with a code', async () => {
  const responses = [
    await system.webhook({ order_id: '1', status: 'canceled' }, 'wrong-token'),
    await system.webhook('order_id'),
    // Small enough to be sent before the response: a client that is still sending gets a closed connection.
    await system.webhook({ order_id: '1', status: 'x'.repeat(70_000) }),
    await system.webhook({ order_id: '404404', status: 'canceled' }),
  ]
  expect(responses.map(({ status }) => status)).toEqual([401, 400, 413, 200])
  expect(await responses[1]!.json()).toMatchObject({ code: 'order_id_missing' })
  expect(await responses[3]!.json()).toEqual({ results: [{ orderId: '404404', outcome: 'parked' }] })
})
