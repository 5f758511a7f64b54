import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { eventually, launchChromium } from '@paxyo/testkit'
import type { Browser, BrowserContext } from 'playwright-core'
import { startSdkSystem, type SdkPage, type SdkSystem } from './sdk-page.ts'

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

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const socketsBecome = (expected: number) => eventually(async () => (await sdk.socketCount()) === expected)
const openSockets = (tab: SdkPage) => tab.sockets.filter((socket) => !socket.isClosed()).length
/** Waits until each tab has so many sockets: a socket's end may reach its tab later than the gateway. */
const openSocketsBecome = (tabs: readonly SdkPage[], expected: readonly number[]) =>
  eventually(() => tabs.every((tab, index) => openSockets(tab) === expected[index]))

/** Playwright's fake clock would affect all tabs. */
const STOPPABLE_TIMERS = `{
  const original = setTimeout
  globalThis.isStopped = false
  globalThis.setTimeout = (callback, ms) => original(() => isStopped || callback(), ms)
}`

/** The first tab leads; both are live. */
async function openTwo(options: object = {}): Promise<[SdkPage, SdkPage]> {
  const leader = await sdk.open(context, options)
  await leader.becomes('live')
  const follower = await sdk.open(context, options)
  await follower.becomes('live')
  await socketsBecome(1)
  return [leader, follower]
}

test('two tabs share one socket, and each is told everything', async () => {
  const [leader, follower] = await openTwo()
  await sdk.happen(3)
  await Promise.all([leader.reached(5), follower.reached(5)])
  expect(await leader.seen()).toEqual(['snapshot@2', 3, 4, 5])
  expect(await follower.seen()).toEqual(['snapshot@2', 3, 4, 5])
  await openSocketsBecome([leader, follower], [1, 0])
})

test('a tab that joins with a position is told the rest by the leader, without a socket of its own', async () => {
  const leader = await sdk.open(context)
  await leader.becomes('live')
  const position = await leader.page.evaluate<object>('client.position')
  await sdk.happen(3)
  await leader.reached(5)
  const follower = await sdk.open(context, { userId: sdk.tokens.userId, position })
  await follower.reached(5)
  await follower.becomes('live')
  expect(await follower.seen()).toEqual([3, 4, 5])
  expect(follower.sockets).toHaveLength(0)
  expect(await follower.tokenReasons()).toEqual([])
})

test('when the leader is closed the survivor takes over, and misses nothing', async () => {
  const [leader, follower] = await openTwo()
  await sdk.happen()
  await follower.reached(3)
  await Promise.all([leader.page.close(), sdk.happen(2)])
  await sdk.happen()
  await follower.reached(6)
  expect(await follower.seen()).toEqual(['snapshot@2', 3, 4, 5, 6])
  await socketsBecome(1)
  await openSocketsBecome([follower], [1])
})

test('when the leader crashes the survivor takes over', async () => {
  const [leader, follower] = await openTwo()
  const protocol = await context.newCDPSession(leader.page)
  // The crashed page never responds.
  void protocol.send('Page.crash').catch(() => undefined)
  await sdk.happen(2)
  await follower.reached(4)
  expect(await follower.seen()).toEqual(['snapshot@2', 3, 4])
  await socketsBecome(1)
})

test('a leader that is about to be frozen gives up its place, and has everything when it comes back', async () => {
  const [leader, follower] = await openTwo()
  // The pages of a headless browser are always visible, so Chromium does not freeze them: the test sends the events
  // only.
  await leader.page.evaluate('document.dispatchEvent(new Event("freeze"))')
  await sdk.happen(2)
  await follower.reached(4)
  await socketsBecome(1)
  await openSocketsBecome([leader, follower], [0, 1])
  expect(await leader.seen()).toEqual(['snapshot@2'])
  await leader.page.evaluate('document.dispatchEvent(new Event("resume"))')
  await leader.reached(4)
  await sdk.happen()
  await Promise.all([leader.reached(5), follower.reached(5)])
  expect(await leader.seen()).toEqual(['snapshot@2', 3, 4, 5])
  expect(await follower.seen()).toEqual(['snapshot@2', 3, 4, 5])
  await socketsBecome(1)
  await openSocketsBecome([leader], [0])
})

test('a leader in the background whose timers stand still does not keep a visible tab waiting', async () => {
  const leader = await sdk.open(context, {}, (page) => page.addInitScript(STOPPABLE_TIMERS))
  await leader.becomes('live')
  const follower = await sdk.open(context)
  await follower.becomes('live')
  await socketsBecome(1)
  await leader.page.evaluate(
    'Object.defineProperty(document, "visibilityState", { value: "hidden" }); isStopped = true',
  )
  await sdk.killGateway()
  await leader.becomes('reconnecting')
  await sdk.startGateway()
  await sdk.happen()
  await Promise.all([follower.reached(3), leader.reached(3)])
  expect(await openSocketsBecome([leader, follower], [0, 1])).toBe(true)
})

test('a leader that hangs loses its place to the tab that is looked at', async () => {
  const [leader, follower] = await openTwo()
  // It blocks until it gets a response.
  const released = Promise.withResolvers<void>()
  await leader.page.route('**/hang', async (route) => {
    await released.promise
    await route.fulfill({ body: '' })
  })
  const hanging = leader.page.evaluate(
    `{ const request = new XMLHttpRequest(); request.open('GET', '/hang', false); request.send() }`,
  )
  await sdk.happen()
  await follower.page.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
  await follower.reached(3)
  await openSocketsBecome([follower], [1])
  released.resolve()
  await hanging
  await sdk.happen()
  await Promise.all([leader.reached(4), follower.reached(4)])
  expect(await leader.seen()).toEqual(['snapshot@2', 3, 4])
  expect(await follower.seen()).toEqual(['snapshot@2', 3, 4])
  await socketsBecome(1)
})

test('a page in the back/forward cache holds nothing, and resumes when it is shown again', async () => {
  const [leader, follower] = await openTwo()
  const fire = (type: string) =>
    leader.page.evaluate(`dispatchEvent(new PageTransitionEvent('${type}', { persisted: true }))`)
  await fire('pagehide')
  await sdk.happen(2)
  await follower.reached(4)
  await openSocketsBecome([leader, follower], [0, 1])
  expect(await leader.seen()).toEqual(['snapshot@2'])
  await fire('pageshow')
  await leader.reached(4)
  expect(await leader.seen()).toEqual(['snapshot@2', 3, 4])
  await socketsBecome(1)
})

test('the gateway is killed: all tabs say so, and all have everything afterwards', async () => {
  const [leader, follower] = await openTwo()
  await sdk.killGateway()
  await Promise.all([leader.becomes('reconnecting'), follower.becomes('reconnecting')])
  await sdk.happen(2)
  await sdk.startGateway()
  await Promise.all([leader.reached(4), follower.reached(4)])
  expect(await leader.seen()).toEqual(['snapshot@2', 3, 4])
  expect(await follower.seen()).toEqual(['snapshot@2', 3, 4])
  await Promise.all([leader.becomes('live'), follower.becomes('live')])
  await socketsBecome(1)
})

test('tabs of different users share nothing', async () => {
  const ann = await sdk.open(context)
  await ann.becomes('live')
  const before = sdk.tokens.userId
  sdk.tokens.userId = `${before}-bob`
  await sdk.happen()
  const bob = await sdk.open(context)
  await bob.becomes('live')
  await sdk.happen()
  await bob.reached(2)
  expect(await bob.seen()).toEqual(['snapshot@1', 2])
  expect(await ann.seen()).toEqual(['snapshot@2'])
  await socketsBecome(2)
})

test('tabs come and go while events flow: each has every event from its snapshot on', async () => {
  const tabs: SdkPage[] = []
  let last = 2
  const flowEnd = new AbortController()
  const flow = async (): Promise<void> => {
    while (!flowEnd.signal.aborted) {
      await sdk.happen()
      last += 1
    }
  }
  const flowing = flow()
  for (let step = 0; step < 8; step += 1) {
    tabs.push(await sdk.open(context))
    if (step % 2 === 1) await tabs.shift()!.page.close()
  }
  await Promise.all(tabs.map((tab) => tab.becomes('live')))
  const lastWhenAllLive = last
  await eventually(() => last > lastWhenAllLive + 20)
  flowEnd.abort()
  await flowing

  for (const tab of tabs) {
    await tab.reached(last)
    const [snapshot, ...events] = await tab.seen()
    expect(events).toEqual(range(Number(String(snapshot).replace('snapshot@', '')) + 1, last))
  }
  await socketsBecome(1)
})
