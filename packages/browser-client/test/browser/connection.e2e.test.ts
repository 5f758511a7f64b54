import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { eventually, launchChromium, startHostileNetwork } from '@paxyo/testkit'
import type { Browser, BrowserContext } from 'playwright-core'
import { startSdkSystem, type SdkSystem } from './sdk-page.ts'

let sdk: SdkSystem
let browser: Browser
let context: BrowserContext
let count = 0
beforeAll(async () => {
  ;[sdk, browser] = await Promise.all([startSdkSystem(), launchChromium()])
})
afterAll(async () => {
  await browser.close()
  await sdk[Symbol.asyncDispose]()
})
beforeEach(async () => {
  context = await browser.newContext()
  count += 1
  Object.assign(sdk.tokens, { userId: `user-${count}`, expiresInS: 300, secret: undefined })
  await sdk.happen(2)
})
afterEach(async () => {
  await context.close()
})

/** Events 3 to a last one, once each, after the snapshot at 2. */
const everythingUpTo = (last: number) => ['snapshot@2', ...Array.from({ length: last - 2 }, (_, index) => index + 3)]

test('a gateway is killed and comes back: nothing is missed, nothing comes twice', async () => {
  const tab = await sdk.open(context)
  await tab.becomes('live')
  await sdk.happen()
  await tab.reached(3)
  await sdk.killGateway()
  await tab.becomes('reconnecting')
  await sdk.happen(3)
  await sdk.startGateway()
  await sdk.happen()
  await tab.reached(7)

  expect(await tab.seen()).toEqual(everythingUpTo(7))
  expect(tab.frames.filter(({ type }) => type === 'welcome')).toMatchObject([{ mode: 'snapshot' }, { mode: 'resumed' }])
  // The token was still valid.
  expect(await tab.tokenReasons()).toEqual(['initial'])
})

test('a drain sends it elsewhere, and back', async () => {
  const tab = await sdk.open(context)
  await tab.becomes('live')
  await sdk.gateway.end('SIGTERM')
  await sdk.happen()
  await sdk.startGateway()
  await tab.reached(3)
  expect(tab.frames.map(({ type }) => type)).toContain('drain')
  expect(await tab.seen()).toEqual(everythingUpTo(3))
})

test('offline and online', async () => {
  const tab = await sdk.open(context)
  await tab.becomes('live')
  await context.setOffline(true)
  await tab.becomes('offline')
  await eventually(async () => (await sdk.socketCount()) === 0)
  await sdk.happen(2)
  await context.setOffline(false)
  await tab.reached(4)
  expect(await tab.state()).toBe('live')
  expect(await tab.seen()).toEqual(everythingUpTo(4))
})

test('a token that expired in sleep is renewed before the socket is opened again', async () => {
  const tab = await sdk.open(context, {}, (page) => page.clock.install())
  await tab.becomes('live')
  const order: string[] = []
  tab.page.on('request', (request) => request.url().endsWith('/token') && order.push('token'))
  tab.page.on('websocket', () => order.push('socket'))
  // The lid is closed: the page is suspended while the gateway closes its connection.
  await tab.page.clock.pauseAt(Date.now() + 60_000)
  await sdk.killGateway()
  await sdk.startGateway()
  await sdk.happen(2)
  expect(order).toEqual([])
  await tab.page.clock.fastForward('02:00:00')
  await tab.page.clock.resume()
  await tab.reached(4)

  expect(order).toEqual(['token', 'socket'])
  expect(await tab.tokenReasons()).toEqual(['initial', 'expired'])
  expect(await tab.seen()).toEqual(everythingUpTo(4))
})

test('a link that is dead without having been closed is noticed by its silence', async () => {
  const tab = await sdk.open(context, {}, (page) => page.clock.install())
  await tab.becomes('live')
  sdk.gateway.child.kill('SIGSTOP')
  try {
    // As after sleep, the client asks the server. Without a response it is not live, and then the link is dead.
    await tab.page.clock.fastForward(35_000)
    await tab.page.clock.runFor(2_500)
    expect(await tab.state()).toBe('delayed')
    await tab.page.clock.fastForward(25_000)
    await tab.becomes('reconnecting')
    expect(await tab.status()).toMatchObject({ error: { code: 'link_dead', final: false } })
  } finally {
    sdk.gateway.child.kill('SIGCONT')
  }
  await sdk.happen()
  await tab.reached(3)
  expect(await tab.seen()).toEqual(everythingUpTo(3))
})

test('a token is renewed in band before it expires', async () => {
  sdk.tokens.expiresInS = 50
  const tab = await sdk.open(context, {}, (page) => page.clock.install())
  await tab.becomes('live')
  // On the page's clock, so that the gateway has all the time that the token is valid.
  await tab.page.clock.fastForward(45_000)
  await eventually(() => tab.frames.some(({ type }) => type === 'refresh'))
  expect(await tab.tokenReasons()).toEqual(['initial', 'expiring'])
  expect(tab.sockets).toHaveLength(1)
  expect(await tab.state()).toBe('live')
})

test('a reload resumes without a snapshot when the application keeps its state', async () => {
  const tab = await sdk.open(context, { resumeOverReload: true })
  await tab.becomes('live')
  await sdk.happen(2)
  await tab.reached(4)
  await Promise.all([tab.page.reload(), sdk.happen(2)])
  await tab.reached(6)
  await tab.becomes('live')

  expect(await tab.seen()).toEqual(everythingUpTo(6))
  const [first, second] = tab.frames.filter(({ type }) => type === 'welcome')
  expect([first, second]).toMatchObject([{ mode: 'snapshot' }, { mode: 'resumed', seq: expect.any(Number) }])
  expect(second).not.toHaveProperty('orders')
})

test('a page whose server rendered the rows is resumed from there', async () => {
  const first = await sdk.open(context, { share: 'none' })
  await first.becomes('live')
  const position = await first.page.evaluate<object>('client.position')
  await sdk.happen()
  const rendered = await sdk.open(context, { share: 'none', position })
  await rendered.reached(3)
  await rendered.becomes('live')
  // A receipt may come between them.
  const frames = rendered.frames.filter(({ type }) => type !== 'seen')
  expect(frames.slice(0, 5)).toMatchObject([
    { type: 'hello', resume: position },
    { type: 'delayed' },
    { mode: 'resumed' },
    { seq: 3 },
    { type: 'live' },
  ])
})

test('what is refused for good is not tried again', async () => {
  sdk.tokens.secret = 'another-secret-of-more-than-32-bytes'
  const tab = await sdk.open(context, {}, (page) => page.clock.install())
  await tab.becomes('closed')
  expect(await tab.status()).toMatchObject({ error: { code: 'invalid_token', final: true } })
  // Retries are at most 30 seconds apart.
  await tab.page.clock.runFor(60_000)
  expect(tab.sockets).toHaveLength(1)
})

test('behind a proxy that rejects WebSockets, a page is live on a stream, and reads orders over it', async () => {
  await using network = await startHostileNetwork(sdk.gateway.url, { rejectsUpgrades: true })
  const tab = await sdk.open(context, { url: `${network.url}/ws` })
  await tab.becomes('live')
  await sdk.happen()
  await tab.reached(3)
  const read = (request: string) => tab.page.evaluate<{ orderId: string }[]>(`client.${request}`)
  const orders = await read('page({ limit: 10 }).then(({ orders }) => orders)')
  expect(orders).toMatchObject([{ status: 'in_progress', remains: 998 }])
  expect(await read(`orders(['${orders[0]!.orderId}', 'none'])`)).toEqual(orders)
  await sdk.happen()
  await tab.reached(4)
  expect(await tab.seen()).toEqual(everythingUpTo(4))
  expect(network.attempts.stream).toBeGreaterThan(1)
  expect(tab.frames).toEqual([])
})

test("the README's example shows what happens", async () => {
  const page = await context.newPage()
  await page.goto(`${sdk.pageUrl}/readme`)
  await page.waitForSelector('#state:text("live")')
  const [item] = await page.locator('#orders li').allTextContents()
  expect(item).toMatch(/^S-\d+: in_progress$/)
  // The panel keeps the balance.
  expect(await page.textContent('#balance')).toBe('')
  await sdk.cancel()
  await page.waitForSelector('#orders li:text("canceled")')
  expect(await page.textContent('#balance')).toBe('')
  await sdk.system.deposit(sdk.tokens.userId, '1')
  await page.waitForSelector('#balance:text("3.5 USD")')
})
