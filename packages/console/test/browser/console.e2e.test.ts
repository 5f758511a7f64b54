import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  connectSocket,
  eventually,
  findAccessibilityFaults,
  launchChromium,
  takeScreenshot,
  type TestSocket,
} from '@paxyo/testkit'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { PASSWORD, startConsole, type ConsoleSystem } from './console-system.ts'
import { dialogsOf, openDialog, textIn, type Locale } from './dialogs.ts'
import { NINE_TASKS, openPage as open } from './nine-tasks.ts'
import { pageFaults, recordSaid, structureFaults } from './screen-reader.ts'

// What an operator does in the browser, by clicks alone.

let system: ConsoleSystem
let browser: Browser
let owner: Page
/** A user's page. */
let connection: TestSocket
const faults: string[] = []

const watch = (page: Page): Page => {
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // A response that is an error is a line in the browser's console.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) faults.push(message.text())
  })
  return page
}

beforeAll(async () => {
  ;[system, browser] = await Promise.all([startConsole(), launchChromium()])
  await system.api('/v1/outgoing-webhooks/endpoints', { url: 'http://127.0.0.1:9/paxyo' })
  await system.register('Z-1', '93509', { userId: 'zoe' })
  const { token } = (await (await system.api('/v1/tokens', { userId: 'zoe' })).json()) as { token: string }
  connection = await connectSocket(system.url, { token })
  for (const index of [1, 2, 3, 4]) await system.register(`A-${index}`, `9350${index}`)
  owner = watch(await system.openAs(browser, 'owner', 'Olga'))
})
afterAll(async () => {
  connection.close()
  await browser.close()
  await system[Symbol.asyncDispose]()
})

test('with the first link a person becomes the owner, once', async () => {
  const link = `${system.url}/console/#link=${await system.ownerLink()}`
  const page = watch(await (await browser.newContext()).newPage())
  await page.goto(link)
  await page.getByLabel('Name').fill('Otto')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Name').fill('Otto')
  await page.getByLabel('Password').fill('a wrong password')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('alert').getByText('is wrong').waitFor()
  // A link that is opened in the same tab has an empty form.
  await page.evaluate((hash) => void (location.hash = hash), new URL(link).hash)
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  expect(await page.getByLabel('Name').inputValue()).toBe('')
  expect(await page.getByRole('alert').count()).toBe(0)
  await page.goto(`${system.url}/console`)
  await page.getByLabel('Name').fill('Otto')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor()

  await page.goto(link)
  await page.getByLabel('Name').fill('Eve')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByRole('alert').getByText('was used or has expired').waitFor()
  expect(await page.getByRole('navigation').count()).toBe(0)
  await page.context().close()
})

test('a passkey is added with the password, and signs in after it, or alone', async () => {
  const page = watch(await system.openAs(browser, 'viewer', 'Petra'))
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  // It checks a finger.
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const add = async (name: string, password: string): Promise<void> => {
    await page.locator('[name="passkey-name"]').fill(name)
    await page.locator('[name="passkey-password"]').fill(password)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
  }
  const signedIn = () => page.getByRole('heading', { name: 'Today', level: 1 }).waitFor()
  const signOut = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  }
  const alone = () => page.getByRole('button', { name: 'Sign in with a passkey' }).click()

  await page.goto(`${system.url}/console/account`)
  await add('My laptop', 'a wrong password')
  await page.getByRole('alert').getByText('is wrong').waitFor()
  await add('My laptop', PASSWORD)
  await page.getByRole('row', { name: /My laptop/ }).waitFor()
  await signOut()
  await page.getByLabel('Name').fill('Petra')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await signedIn()

  await signOut()
  const sent = page.waitForRequest((request) => request.url().endsWith('/console/api/sign-in/passkey'))
  await alone()
  await signedIn()

  // A response is accepted once, and not after its counter went back.
  const headers = { 'x-paxyo-console': '1' }
  const again = await page.request.post(`${system.url}/console/api/sign-in/passkey`, {
    headers,
    data: (await sent).postDataJSON() as object,
  })
  expect([again.status(), ((await again.json()) as { code: string }).code]).toEqual([401, 'sign_in_failed'])
  await system.database.owner.query(`UPDATE operator_passkeys SET sign_count = 1000000`)
  await signOut()
  await alone()
  await page.getByRole('alert').getByText('is wrong').waitFor()
  await system.database.owner.query(`UPDATE operator_passkeys SET sign_count = 0`)
  await alone()
  await signedIn()

  await page.goto(`${system.url}/console/account`)
  await page.locator('[name="passkey-password"]').fill(PASSWORD)
  await page.getByRole('button', { name: 'Remove My laptop' }).click()
  await eventually(async () => (await page.getByRole('row', { name: /My/ }).count()) === 0)
  const { rows } = await system.database.owner.query(
    `SELECT action, coalesce(after->>'method', note) AS how FROM audit_log
    WHERE actor_name = 'Petra' AND result = 'ok' AND action IN ('signIn', 'addPasskey', 'removePasskey') ORDER BY position`,
  )
  expect(rows.map(({ action, how }) => `${action} ${how}`)).toEqual([
    'addPasskey My laptop',
    'signIn password and passkey',
    'signIn passkey',
    'signIn passkey',
    'removePasskey My laptop',
  ])
  await page.context().close()
})

test('webhooks appear as they are committed, without a reload', async () => {
  await open(owner, 'Live')
  await owner.getByText('No updates yet.').waitFor()
  await system.webhook({ order_id: '93501', status: 'Partial', remains: '300' })
  const row = owner.getByRole('row', { name: /A-1/ })
  await row.getByText('+$0.75').waitFor()
  await row.getByRole('link', { name: /\d\d:\d\d/ }).click()
  await owner.getByText('"remains": "300"').waitFor()
  expect(await owner.getByRole('button', { name: 'Copy as curl' }).count()).toBe(1)
  await owner.getByRole('region', { name: 'What it did' }).getByText('+$0.75').waitFor()
})

test('earlier updates are read page by page, with the filter, while the page is paused', async () => {
  await system.database.owner.query(
    `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
     SELECT 'early-' || n, 'godofpanel', 'E-' || n, '{}', CASE WHEN n > 298 THEN 'ignored' ELSE 'stale' END,
       '2026-01-01'::timestamptz - n * interval '1 second'
     FROM generate_series(1, 300) AS n`,
  )
  await open(owner, 'Today')
  await open(owner, 'Live')
  const rows = owner.getByRole('table', { name: 'Live' }).locator('tbody tr')
  await owner.getByText('E-1', { exact: true }).waitFor()
  expect(await rows.count()).toBe(30)
  const earlier = owner.getByRole('button', { name: 'Show earlier updates' })
  await earlier.click()
  // The oldest row is read again, because others may be of the same millisecond.
  await rows.nth(128).waitFor()
  await owner.getByText('what comes in now is not shown').waitFor()
  expect(new Set(await rows.allTextContents()).size).toBe(129)

  await owner.getByLabel('Outcome').selectOption({ label: 'Ignored' })
  await owner.getByText('E-300', { exact: true }).waitFor()
  expect(await rows.count()).toBe(2)
  expect(await earlier.count()).toBe(0)
  await owner.getByLabel('Outcome').selectOption({ label: 'All' })
  await owner.getByText('E-1', { exact: true }).waitFor()
  await owner.getByLabel('User', { exact: true }).fill('ann')
  await owner.getByText('E-1', { exact: true }).waitFor({ state: 'detached' })
  await rows.getByText('A-1').waitFor()
  expect(await rows.count()).toBe(1)
})

test('an order is found by its id, with its refund', async () => {
  // In a field, the key would be its text.
  await open(owner, 'Today')
  await owner.keyboard.press('/')
  await owner.keyboard.type('A-1')
  await owner.getByRole('heading', { name: 'Search', level: 1 }).waitFor()
  await owner.getByRole('row', { name: /A-1/ }).getByRole('link').first().click()
  await owner.getByRole('heading', { name: 'Order A-1' }).waitFor()
  await owner.locator('.timeline').waitFor()
  expect(await owner.locator('.timeline [data-kind="refund"] .amount').allTextContents()).toEqual(['+$0.75'])
  await owner
    .getByRole('region', { name: 'At your server' })
    .getByRole('row', { name: /Refund paid.*Waiting/ })
    .waitFor()
})

test('a review is resolved with a refund, after its amount was typed', async () => {
  await open(owner, 'Today')
  await system.webhook({ order_id: '93502', status: 'Failed' })
  await system.webhook({ order_id: '93503', status: 'Zaplanowano' })
  await owner.locator('.tile', { hasText: 'Waiting for you' }).getByText('2', { exact: true }).waitFor()
  await owner.locator('.tile', { hasText: 'Waiting for you' }).click()
  await owner.locator('.inbox-list a').first().waitFor()
  await owner.keyboard.press('j')
  await owner.getByRole('heading', { name: 'The provider failed the order.' }).waitFor()
  await owner.keyboard.press('r')
  const dialog = owner.getByRole('dialog')
  await dialog.getByLabel('Amount in USD').fill('1.25')
  await dialog.getByLabel('Why').fill('half of it was lost')
  const pay = dialog.getByRole('button', { name: 'Pay the refund' })
  expect(await pay.getAttribute('aria-disabled')).toBe('true')
  await dialog.getByLabel('Type 1.25 to move the money').fill('1.2')
  expect(await pay.getAttribute('aria-disabled')).toBe('true')
  await dialog.getByLabel('Type 1.25 to move the money').fill('1.25')
  await pay.click()
  await owner.getByRole('heading', { name: 'a status word that is not known' }).waitFor()
  const reviews = (await (await system.api('/v1/reviews?orderId=A-2')).json()) as { data: unknown[] }
  expect(reviews.data).toMatchObject([{ resolution: { action: 'refund', by: 'Olga', note: 'half of it was lost' } }])
  const { order } = (await (await system.api('/v1/orders/A-2')).json()) as { order: unknown }
  expect(order).toMatchObject({ refunded: '1.25' })

  await owner.keyboard.press('e')
  await owner.getByRole('dialog').getByLabel('Why').fill('it is queued')
  await owner.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click()
  await owner.getByText('Nothing waits for you.').waitFor()
})

test('a word gets a meaning, after a preview of what it does; many reviews are decided at once', async () => {
  for (const index of [1, 2, 3]) await system.register(`M-${index}`, `9360${index}`)
  await system.webhook({ order_id: '93601', status: 'Anulowane' })
  await system.webhook({ order_id: '93602', status: 'anulowane' })
  await system.webhook({ order_id: '93602', status: 'Canceled' })
  await open(owner, 'Reviews')
  await owner.locator('.inbox-list a', { hasText: 'M-1' }).click()
  await owner.getByRole('button', { name: 'Map this word' }).click()
  const dialog = owner.getByRole('dialog')
  await dialog.getByLabel('Meaning').selectOption({ label: 'Canceled' })
  await dialog.getByText('1 of 2 would change nothing.').waitFor()
  await dialog.getByText('1 refund would be paid:').waitFor()
  await dialog.getByLabel('Type 2.5 to move the money').fill('2.50')
  await dialog.getByRole('button', { name: 'Map the word' }).click()
  await dialog.waitFor({ state: 'detached' })
  await owner
    .locator('.inbox-list a', { hasText: /M-[12]/ })
    .first()
    .waitFor({ state: 'detached' })
  const { order } = (await (await system.api('/v1/orders/M-1')).json()) as { order: unknown }
  expect(order).toMatchObject({ status: 'canceled', refunded: '2.5' })
  await system.webhook({ order_id: '93603', status: 'ANULOWANE' })
  const { data } = (await (await system.api('/v1/reviews?orderId=M-3')).json()) as { data: unknown[] }
  expect(data).toEqual([])

  for (const index of [4, 5]) {
    await system.register(`M-${index}`, `9360${index}`)
    await system.webhook({ order_id: `9360${index}`, status: 'Failed' })
  }
  await owner.getByLabel('Reason').selectOption({ label: 'The provider failed the order. Nothing was refunded.' })
  await owner.getByRole('button', { name: 'Decide all of them' }).click()
  await dialog.getByLabel('Decide').selectOption({ label: 'Set status…' })
  await dialog.getByLabel('Status', { exact: true }).selectOption({ label: 'Failed' })
  await dialog.getByText('2 of 2 would change nothing.').waitFor()
  await dialog.getByLabel('Status', { exact: true }).selectOption({ label: 'Completed' })
  await dialog.getByText('2 orders would change.').waitFor()
  await dialog.getByLabel('Why').fill('the customer was shown them')
  await dialog.getByRole('button', { name: 'Decide them' }).click()
  await owner.getByText('Nothing waits for you.').waitFor()
  const resolved = (await (await system.api('/v1/reviews?orderId=M-5')).json()) as { data: unknown[] }
  expect(resolved.data).toMatchObject([{ resolution: { action: 'set_status', by: 'Olga', status: 'completed' } }])
})

test('a user who is not connected says so; rejected webhooks are replayed', async () => {
  await owner.goto(`${system.url}/console/users/ann`)
  await owner.getByText('No page is open now.').waitFor()
  await system.webhook('<html>502</html>')
  await open(owner, 'Rejected and waiting')
  await owner.getByText('The text is not valid JSON.').click()
  await owner.getByText('from').first().click()
  await owner.getByRole('button', { name: 'Replay', exact: true }).click()
  await owner.getByText('It still cannot be read.').waitFor()
  expect(await owner.getByRole('group', { name: 'The text that the provider sent' }).textContent()).toBe(
    '<html>502</html>',
  )
})

test('the system is checked, the ledger audited, and refunds are resent', async () => {
  await open(owner, 'Health')
  await owner
    .getByRole('group', { name: 'Gateways' })
    .getByRole('cell', { name: /^\d+\.\d+\.\d+$/ })
    .waitFor()
  const doctor = owner.getByRole('region', { name: 'Check the system' })
  await doctor.getByRole('button', { name: 'Check now' }).click()
  for (const check of ['outbox', 'gateways']) {
    await doctor.locator(`[data-check="${check}"][data-state="ok"]`).waitFor()
  }
  const audit = owner.getByRole('region', { name: 'Audit the ledger' })
  await audit.getByRole('button', { name: 'Check now' }).click()
  await audit.getByText('Every amount and every stream is right.').waitFor()

  await open(owner, 'Refunds')
  const sent = owner.getByRole('region', { name: 'State at your server' })
  await sent.getByRole('combobox').selectOption({ label: 'Waiting' })
  const row = sent.getByRole('row', { name: /A-1/ })
  await row.getByText('Waiting').waitFor()
  await row.getByRole('button', { name: 'Resend the refund: Order A-1' }).click()
  for (const [filter, name] of [
    ['Provider', 'godofpanel'],
    ['Service', 'Instagram followers'],
  ] as const) {
    await owner.getByRole('combobox', { name: new RegExp(`^${filter}`) }).selectOption(name)
    await row.waitFor()
  }
  await sent.getByRole('button', { name: 'Resend all of these' }).click()
  await sent.getByText(/(\d+) of \1 refunds are resent/).waitFor()
  const { data } = (await (await system.api('/v1/outgoing-webhooks?type=refund.paid')).json()) as {
    data: { subject: string; type: string }[]
  }
  expect(new Set(data.map(({ type }) => type))).toEqual(new Set(['refund.paid']))
  expect(data.map(({ subject }) => subject)).toContain('order A-1')
})

test('the secret of an endpoint is rotated in steps', async () => {
  await open(owner, 'Outgoing webhooks')
  await owner.getByRole('button', { name: 'New secret' }).click()
  const dialog = owner.getByRole('dialog')
  await dialog.getByRole('button', { name: 'New secret' }).click()
  await dialog.getByRole('heading', { name: 'The new secret' }).waitFor()
  expect(await dialog.getByText(/^whsec_/).count()).toBe(1)
  await dialog.getByRole('button', { name: 'Close' }).click()
  await owner.getByRole('button', { name: 'Replace the newer secret' }).waitFor()
  await owner.getByRole('button', { name: 'Remove the older secret' }).click()
  await dialog.getByRole('button', { name: 'Remove the older secret' }).click()
  await owner.getByRole('button', { name: 'New secret' }).waitFor()
})

test('a webhook token is rotated in steps, by what the services report', async () => {
  await open(owner, 'Health')
  const title = 'Webhook tokens · godofpanel'
  await owner.getByRole('table', { name: title }).getByRole('row').nth(1).waitFor()
  await owner.getByRole('button', { name: `Rotate: ${title}` }).click()
  const dialog = owner.getByRole('dialog')
  const step = (name: string, state: string): Promise<void> =>
    dialog.locator(`[data-check="${name}"][data-state="${state}"]`).waitFor()
  await step('generate', 'open')
  await dialog.getByRole('button', { name: 'Make a secret' }).click()
  await step('generate', 'done')
  await dialog.getByText('npm run secrets -- --rotate webhook-tokens').waitFor()
  await dialog.getByRole('combobox').selectOption('systemd')
  await dialog.getByText('/etc/paxyo/secrets/webhook-tokens').first().waitFor()

  // As a service that was restarted with both.
  const made = await dialog.locator('[data-check="generate"] code').last().textContent()
  await system.database.owner.query(
    `INSERT INTO service_secrets (process, service, kind, provider, fingerprint, place, reported_at)
     SELECT process, service, kind, provider, $1, 0, now() + interval '1 hour' FROM service_secrets WHERE kind = 'webhook_tokens'`,
    [made],
  )
  await dialog.getByRole('button', { name: 'Check now' }).click()
  await step('known', 'done')
  await step('move', 'waiting')
  expect(await dialog.locator('[data-state="done"]').count()).toBe(3)
  await dialog.getByRole('button', { name: 'Close' }).click()
  await system.database.owner.query('DELETE FROM service_secrets WHERE fingerprint = $1', [made])
})

test('an owner sees the address of the webhook with its token, after a click', async () => {
  await open(owner, 'Set-up')
  const address = owner.getByRole('region', { name: 'The address for your provider' })
  await address.getByText('and the token, which is not shown here').waitFor()
  expect(await address.getByRole('button', { name: 'Copy the address' }).count()).toBe(0)
  await address.getByRole('button', { name: 'Show the complete address' }).click()
  await address.getByRole('button', { name: 'Hide' }).waitFor()
  const shown = await address.locator('code').textContent()
  expect(
    (await fetch(shown!, { method: 'POST', body: JSON.stringify({ order_id: '93504', status: 'Pending' }) })).status,
  ).toBe(200)
  await address.getByRole('button', { name: 'Hide' }).click()
  await address.getByText('and the token, which is not shown here').waitFor()
})

test('the script tag is tested in this browser, and the web server gets a configuration with its host', async () => {
  await open(owner, 'Set-up')
  const tag = owner.getByRole('region', { name: 'The script tag for your pages' })
  await tag.getByText('data-balance-url="/balance.php"').waitFor()
  const testTag = async (states: Record<string, string>): Promise<void> => {
    await tag.getByRole('button', { name: 'Test the tag in this browser' }).click()
    for (const [name, state] of Object.entries(states)) {
      await tag.locator(`[data-check="${name}"][data-state="${state}"]`).waitFor()
    }
  }
  const works = { script: 'done', wss: 'done', origin: 'done' }
  await testTag({ ...works, token: 'open' })
  await tag.getByText('Nothing is there.').waitFor()

  // The panel is at this host, too.
  let token = 'not.a.token'
  await owner.route('**/token.php', (route) => route.fulfill({ json: { token } }))
  await testTag({ ...works, token: 'open' })
  await tag.getByText('The gateway rejects it:').waitFor()
  const minted = (await (await system.api('/v1/tokens', { userId: 'zoe' })).json()) as { token: string }
  token = minted.token
  await testTag({ ...works, token: 'done' })
  await owner.unroute('**/token.php')

  // A page of another host cannot be tested from here: that one is connected shows that it works.
  await tag.getByLabel('Your page').fill('https://shop.example')
  await tag.locator('[data-check="origin"][data-state="done"]').waitFor()
  await tag.getByLabel('Gateway').fill('https://rt.example.com')
  await tag.getByText('open the console at rt.example.com').waitFor()

  const server = owner.getByRole('region', { name: 'The web server in front' }).first()
  await server.getByLabel('Host name').fill('shop.example')
  await server.getByText('server_name shop.example;').waitFor()
  await server.getByRole('combobox').selectOption('Caddy')
  await server.getByText('https://shop.example {').waitFor()
  await server.getByLabel('Host name').fill('shop example')
  await server.getByText('Type a host name').waitFor()
  expect(await server.getByRole('button', { name: 'Copy the configuration' }).count()).toBe(0)
})

test('an endpoint is added and pinged, and a key is created; each secret is shown once', async () => {
  const pings: string[] = []
  const receiver = createServer((request, response) => {
    pings.push(String(request.headers['webhook-signature']))
    response.end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  try {
    const dialog = owner.getByRole('dialog')
    await open(owner, 'Outgoing webhooks')
    await owner.getByRole('button', { name: 'Add an endpoint' }).click()
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/paxyo`
    await dialog.getByLabel('Address').fill(url)
    for (const type of ['Order changed', 'Account changed', 'Review opened']) await dialog.getByLabel(type).uncheck()
    await dialog.getByRole('button', { name: 'Add an endpoint' }).click()
    await dialog.getByText(/^whsec_/).waitFor()
    await dialog.getByText('Your server accepted it.').waitFor()
    expect(pings).toEqual([expect.stringMatching(/^v1,/)])
    await dialog.getByRole('button', { name: 'Close' }).click()
    const endpoint = owner.getByRole('listitem').filter({ hasText: url })
    await endpoint.getByText('Refund paid', { exact: true }).waitFor()
    await endpoint.getByRole('button', { name: 'Edit' }).click()
    await dialog.getByLabel('Review opened').check()
    await dialog.getByRole('button', { name: 'Save and ping' }).click()
    await endpoint.getByText('Refund paid · Review opened').waitFor()
    await endpoint.getByText('Your server accepted it.').waitFor()

    await open(owner, 'Health')
    await owner.getByRole('button', { name: 'Create a key' }).click()
    await dialog.getByLabel('Name').fill('shop server')
    await dialog.getByLabel('Register orders').check()
    await dialog.getByRole('button', { name: 'Create the key' }).click()
    await dialog.getByText(/^pxk_/).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await owner.getByRole('row', { name: /shop server.*read · orders:write/ }).waitFor()
    await owner.getByRole('row', { name: /Olga.*Created an API key/ }).waitFor()
    await owner.getByRole('row', { name: /Olga.*Created an endpoint/ }).waitFor()
    // A second endpoint and a second key are not what the following tests are about.
    const { data } = (await (await system.api('/v1/outgoing-webhooks/endpoints')).json()) as {
      data: { endpointId: string; url: string }[]
    }
    await system.database.owner.query('DELETE FROM outgoing_webhook_endpoints WHERE endpoint_id = $1', [
      data.find((one) => one.url === url)!.endpointId,
    ])
    await system.database.owner.query(`DELETE FROM api_keys WHERE name = 'shop server'`)
  } finally {
    receiver.close()
    receiver.closeAllConnections()
  }
})

test('refunds are summed by day, provider and service', async () => {
  await open(owner, 'Refunds')
  const paid = owner.getByRole('region', { name: 'What was paid back' })
  for (const [group, name] of [
    ['Provider', /godofpanel/],
    ['Service', /Instagram followers/],
  ] as const) {
    await paid.getByLabel('Sums by').selectOption(group)
    await paid.getByRole('row', { name }).waitFor()
  }
  const download = owner.waitForEvent('download')
  await owner.getByRole('button', { name: 'Save as CSV' }).click()
  expect((await download).suggestedFilename()).toBe('refunds.csv')
})

test('a support operator refunds within the limit', async () => {
  const support = watch(await system.openAs(browser, 'support', 'Sue'))
  await support.goto(`${system.url}/console/orders/A-4`)
  await support.getByRole('button', { name: 'Refund…' }).click()
  await support.getByText('This is more than your limit').waitFor()
  expect(await support.getByRole('button', { name: 'Pay the refund' }).getAttribute('aria-disabled')).toBe('true')
  await support.context().close()
})

const PAGES = [
  '',
  'reviews',
  'live',
  'search?q=A-1',
  'orders/A-1',
  'users/ann',
  'refunds',
  'rejected',
  'webhooks',
  'webhooks/WEBHOOK',
  'health',
  'setup',
  'account',
]

test.each([
  ['light', 1440, 'en', PAGES],
  ['dark', 1024, 'de', ['', 'health', 'reviews', 'refunds', 'webhooks', 'setup']],
  ['light', 390, 'ar', ['', 'setup', 'health', 'reviews', 'refunds', 'orders/A-1']],
  ['dark', 390, 'en', PAGES],
] as const)(
  '%s, %d px, %s: axe finds nothing serious, a screen reader gets the structure, and nothing is wider than the screen',
  async (colorScheme, width, locale, paths) => {
    const viewport = { width, height: 844 }
    const page = watch(await system.openLike(owner, browser, { colorScheme, viewport, locale }))
    const { data } = (await (await system.api('/v1/outgoing-webhooks?limit=1')).json()) as {
      data: [{ webhookId: string }]
    }
    for (const path of paths) {
      await goWithin(page, path.replace('WEBHOOK', data[0].webhookId))
      await page.locator('.skeleton, [aria-busy="true"]').first().waitFor({ state: 'detached' })
      expect({ path, faults: await findAccessibilityFaults(page) }).toEqual({ path, faults: [] })
      const name = `console/${path.replaceAll(/\W/g, '-')}-${colorScheme}-${width}-${locale}`
      await takeScreenshot(page, name, { fullPage: true })
      const structure = await structureOf(page, 'body')
      expect({ path, faults: pageFaults(structure, textIn(locale, 'shell.menu')) }).toEqual({ path, faults: [] })
      expect({ path, title: await page.title() }).toEqual({
        path,
        title: `${await page.locator('h1').textContent()} · Paxyo`,
      })
      const isTooWide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      )
      expect({ path, isTooWide }).toEqual({ path, isTooWide: false })
    }
    await page.context().close()
  },
)

test.each([
  ['light', 1440, 'en'],
  ['dark', 390, 'ar'],
] as const)(
  '%s, %d px, %s: dialogs hold the focus and give it back, and axe finds nothing serious',
  async (colorScheme, width, locale) => {
    for (const [index, status] of ['Failed', 'Zamkniete'].entries()) {
      const id = `D-${locale}-${index}`
      await system.register(id, `94${width}${index}`)
      await system.webhook({ order_id: `94${width}${index}`, status })
    }
    const page = watch(await system.openLike(owner, browser, { colorScheme, viewport: { width, height: 844 }, locale }))
    for (const dialog of await dialogsOf(system.database.owner, 'zoe')) {
      const { name } = dialog
      await goWithin(page, dialog.path)
      await openDialog(page, dialog, locale)
      expect({ name, faults: await findAccessibilityFaults(page, 'dialog[open]') }).toEqual({ name, faults: [] })
      const structure = await structureOf(page, 'dialog[open]')
      expect({ name, faults: structureFaults(structure) }).toEqual({ name, faults: [] })
      const title = await page.locator('#dialog-title').textContent()
      expect({ name, first: structure.split('\n')[0] }).toEqual({
        name,
        first: expect.stringContaining(`dialog "${title}"`),
      })
      expect({ name, isWithin: await focusIsIn(page, 'dialog[open]') }).toEqual({ name, isWithin: true })
      await page.keyboard.press('Escape')
      await page.locator('dialog').waitFor({ state: 'detached' })
      const focused = await page.evaluate(() => document.activeElement?.textContent)
      expect({ name, focused }).toEqual({
        name,
        focused: expect.stringContaining(textIn(locale, dialog.buttons[0]!)),
      })
    }
    await page.context().close()
  },
)

test.each(['en', 'de', 'ar'] as const satisfies readonly Locale[])(
  '%s: a decision is said, and rows that come in are not',
  async (locale) => {
    await system.register(`S-${locale}`, `95-${locale}`)
    await system.webhook({ order_id: `95-${locale}`, status: 'Failed' })
    const page = watch(await system.openLike(owner, browser, { viewport: { width: 1440, height: 900 }, locale }))
    await goWithin(page, 'reviews')
    await page.locator('.inbox-list a', { hasText: `S-${locale}` }).click()
    await page.locator('article').getByRole('heading', { level: 2 }).first().waitFor()
    const said = await recordSaid(page)
    await page.keyboard.press('e')
    await page.getByRole('dialog').getByLabel(textIn(locale, 'dialog.note')).fill('asked')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: textIn(locale, 'action.leave') })
      .click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const done = textIn(locale, 'dialog.done').replace('{title}', textIn(locale, 'review.leaveTitle'))
    await eventually(async () => (await said()).includes(done))
    expect(await page.locator('h1').evaluate((heading) => heading === document.activeElement)).toBe(true)

    await goWithin(page, 'live')
    await page.getByRole('table', { name: textIn(locale, 'live.title') }).waitFor()
    const before = (await said()).length
    await system.webhook({ order_id: `95-${locale}`, status: 'Completed' })
    await page
      .getByRole('row', { name: new RegExp(`S-${locale}`) })
      .nth(1)
      .waitFor()
    expect((await said()).slice(before)).toEqual([])
    const table = await structureOf(page, 'main table')
    for (const title of [
      'column.time',
      'column.outcome',
      'live.what',
      'order.id',
      'order.provider',
      'live.refund',
    ] as const) {
      expect(table).toContain(`columnheader "${textIn(locale, title)}"`)
    }
    await page.context().close()
  },
)

describe.each([
  ['viewer', 'Vera'],
  ['support', 'Sam'],
  ['owner', 'Oda'],
] as const)('by clicks alone, a %s can', (role, name) => {
  const orderId = `T-${role}`
  const providerOrderId = `777-${role}`
  const times: string[] = []
  let page: Page
  beforeAll(async () => {
    await system.register(orderId, providerOrderId)
    await system.webhook({ order_id: providerOrderId, status: 'In progress' })
    page = watch(await system.openAs(browser, role, name))
  })
  afterAll(async () => {
    await page.context().close()
    // A person has 20 seconds for each; a busy machine is no failure.
    process.stderr.write(`console, ${role}: ${times.join(', ')}\n`)
  })

  test.each(Object.entries(NINE_TASKS))('%s', async (task, run) => {
    const startedAt = performance.now()
    await run({ role, name, page, system, orderId, providerOrderId })
    times.push(`${task} ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    expect(faults).toEqual([])
  })
})

test('the pages had no error, and nothing that the policy blocks', () => {
  expect(faults).toEqual([])
})

/** Opens a page as its links do: loading the console, and axe, again for each would take most of the time. */
async function goWithin(page: Page, path: string): Promise<void> {
  await page.evaluate(async (address) => {
    history.pushState(null, '', address)
    dispatchEvent(new PopStateEvent('popstate'))
    // It is rendered by the next frame.
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame)
  }, `/console/${path}`)
}

/** Chromium's accessibility tree. */
const structureOf = (page: Page, selector: string): Promise<string> => page.locator(selector).first().ariaSnapshot()

const focusIsIn = (page: Page, selector: string): Promise<boolean> =>
  page.locator(selector).evaluate((element) => element.contains(document.activeElement))
