import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, mintToken, startService } from '@paxyo/testkit'
import { createHash } from 'node:crypto'
import { startStage, type Stage } from './stage.ts'
import { openPage, servePanel } from '../../../../infra/e2e/host-page.ts'
import type { System } from '../../../../infra/e2e/system.ts'

/** On the page's clock: retries are at most 30 seconds apart. */
const MINUTE_MS = 60_000
/** Longer than the delay of the first retry, and far shorter than the silence after which a link is dead. */
const RETRY_MS = 2_000

let stage: Stage
let system: System
beforeAll(async () => {
  stage = await startStage()
  system = stage.system
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
})

test('a policy that allows less is noticed by this test', async () => {
  const contentSecurityPolicy = `default-src 'none'; script-src ${system.gateway.url}; connect-src 'self'`
  await using panel = await servePanel({ userId: 'ann', contentSecurityPolicy, html: stage.html({}) })
  const opened = await openPage(stage.browser, panel.url)
  await eventually(async () => (await opened.violations()).some((violation) => violation.startsWith('connect-src ws')))
  expect(opened.thrown).toEqual([])
  await opened.page.context().close()
})

test('an integrity attribute lets these bytes in, and no others', async () => {
  const script = Buffer.from(await (await fetch(`${system.gateway.url}/paxyo.js`)).arrayBuffer())
  const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`
  await using opened = await stage.openLive('ida', { script: `integrity="${integrity}" crossorigin="anonymous"` })
  expect(opened.consoleErrors).toEqual([])

  const wrong = `sha384-${createHash('sha384').update('else').digest('base64')}`
  await using panel = await servePanel({
    userId: 'ida',
    html: stage.html({ script: `integrity="${wrong}" crossorigin` }),
  })
  const rejected = await openPage(stage.browser, panel.url)
  await eventually(() => rejected.consoleErrors.some((line) => line.includes('integrity')))
  expect(await rejected.events()).toEqual([])
  await rejected.page.context().close()
})

test('a token may come as plain text, by POST, with the user’s cookies', async () => {
  const asked: (string | undefined)[] = []
  await using opened = await stage.openLive('eva', {
    script: 'data-token-method="post"',
    respondWithToken: async ({ method }) => {
      asked.push(method)
      return { body: `${await mintToken('eva')}\n` }
    },
  })
  expect(asked).toEqual(['POST'])
  expect(opened.consoleErrors).toEqual([])
})

test('a mistake in the tag is said once, and nothing is thrown into the page', async () => {
  const script = `<script src="${system.gateway.url}/paxyo.js"`
  const wrong: [tag: string, said: string][] = [
    [`${script}></script>`, 'paxyo.js: data-token-url is missing: it is the URL of your server that returns a token.'],
    [
      `${script} data-token-url="/token" data-url="ftp://x"></script>`,
      'paxyo.js: data-url is not the URL of a gateway',
    ],
    [`${script} data-token-url="/none"></script>`, 'paxyo.js: data-token-url returned neither'],
    [
      `${script} data-token-url="/token" data-tokn="1"></script>`,
      'paxyo.js: data-tokn is not an attribute of this script.',
    ],
    [`${script} data-token-url="/token"></script>`.repeat(2), 'paxyo.js: the script is on this page twice'],
    [
      `<i data-order-id="W-1"><b data-field="colour"></b></i>${script} data-token-url="/token"></script>`,
      'paxyo.js: data-field="colour" is not a field',
    ],
  ]
  await system.register({ orderId: 'W-1', providerOrderId: '1101', userId: 'wim' })
  for (const [tag, said] of wrong) {
    await using panel = await servePanel({
      userId: 'wim',
      html: `<!doctype html><link rel="icon" href="data:,">${tag}`,
    })
    const opened = await openPage(stage.browser, panel.url, { hasTestClock: true })
    await eventually(() => opened.consoleErrors.length > 0)
    await opened.page.clock.runFor(RETRY_MS)
    expect(opened.consoleErrors).toEqual([expect.stringContaining(said)])
    expect(opened.thrown).toEqual([])
    await opened.page.context().close()
  }
})

test('a page that the gateway does not know is told where its origin has to stand', async () => {
  await using gateway = await startService('ws-gateway', {
    ...system.env,
    ALLOWED_ORIGINS: 'https://panel.example.com',
  })
  await using panel = await servePanel({ userId: 'far', html: stage.html({ gatewayUrl: gateway.url }) })
  const opened = await openPage(stage.browser, panel.url)
  const said = (): string[] => opened.consoleErrors.filter((line) => line.startsWith('paxyo.js'))
  await eventually(() => said().length > 0)
  expect(said()).toEqual([
    expect.stringContaining(`is ${new URL(panel.url).origin} one of the gateway's ALLOWED_ORIGINS?`),
  ])
  await opened.page.context().close()
})

test('a user who is logged out is not asked for again and again', async () => {
  let asked = 0
  await using panel = await servePanel({
    userId: 'out',
    html: stage.html({}),
    respondWithToken: async () => {
      asked += 1
      return { status: 401, body: 'log in' }
    },
  })
  const opened = await openPage(stage.browser, panel.url, { hasTestClock: true })
  await opened.page.waitForSelector('[data-connection="closed"]')
  await opened.page.clock.runFor(MINUTE_MS)
  expect(asked).toBe(1)
  expect(opened.consoleErrors.filter((line) => line.startsWith('paxyo.js'))).toEqual([
    'paxyo.js: data-token-url responded 401: no user is logged in (signed_out)',
  ])
  await opened.page.context().close()
})
