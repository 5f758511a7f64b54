import { expect } from '@jest/globals'
import type { OperatorRole } from '@paxyo/panel-client'
import { eventually } from '@paxyo/testkit'
import type { Page } from 'playwright-core'
import type { ConsoleSystem } from './console-system.ts'

/** An operator and an order: each role has its own order, so that the roles do not depend on each other. */
export interface Operator {
  readonly role: OperatorRole
  readonly name: string
  readonly page: Page
  readonly system: ConsoleSystem
  /** In progress when the tasks begin. */
  readonly orderId: string
  readonly providerOrderId: string
}

type Task = (operator: Operator) => Promise<void>

export const openPage = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name }).click()

/** Opens the list behind a tile of the start page. */
async function openTile(page: Page, title: string): Promise<void> {
  await openPage(page, 'Today')
  await page.locator('.tile', { hasText: title }).click()
}

async function search(page: Page, query: string): Promise<void> {
  await page.getByRole('searchbox', { name: 'Search orders and users' }).fill(query)
}

/** What a page of the console, with the operator's session, gets from the API. */
async function expectRejected({ page, system }: Operator, url: string, data: object = {}): Promise<void> {
  const response = await page.request.post(system.url + url, { headers: { 'x-paxyo-console': '1' }, data })
  const { code } = (await response.json()) as { code: string }
  expect({ url, status: response.status(), code }).toEqual({ url, status: 403, code: 'scope_missing' })
}

const seeWebhooks: Task = async ({ page, system, orderId, providerOrderId }) => {
  await openPage(page, 'Live')
  await page.getByRole('heading', { name: 'Live', level: 1 }).waitFor()
  await system.webhook({ order_id: providerOrderId, status: 'Partial', remains: '300' })
  await page
    .getByRole('row', { name: new RegExp(orderId) })
    .getByText('+$0.75')
    .waitFor()
}

const seeRefunds: Task = async ({ page }) => {
  await openTile(page, 'Refunds today')
  await page.getByRole('group', { name: 'What was paid back' }).getByRole('row').nth(1).waitFor()
}

const seeReviews: Task = async ({ page, system, orderId, providerOrderId }) => {
  // A final status that the provider takes back is a contradiction, which a person decides.
  await system.webhook({ order_id: providerOrderId, status: 'Completed' })
  await openTile(page, 'Waiting for you')
  await page.locator('.inbox-list a', { hasText: orderId }).click()
  await page.getByRole('heading', { name: 'The provider changed a final status.' }).waitFor()
}

const resolveReview: Task = async (operator) => {
  const { page, system, role, name, orderId } = operator
  await openTile(page, 'Waiting for you')
  await page.locator('.inbox-list a', { hasText: orderId }).click()
  await page.getByRole('heading', { name: 'The provider changed a final status.' }).waitFor()
  const { data } = (await (await system.api(`/v1/reviews?orderId=${orderId}`)).json()) as {
    data: { reviewId: string }[]
  }
  if (role === 'viewer') {
    expect(await page.getByRole('group', { name: 'Decide' }).count()).toBe(0)
    return expectRejected(operator, `/v1/reviews/${data[0]!.reviewId}/resolve`, { action: 'dismiss', note: 'because' })
  }
  await page.getByRole('button', { name: 'Leave it' }).click()
  await page.getByRole('dialog').getByLabel('Why').fill('asked the provider')
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click()
  await page.locator('.inbox-list a', { hasText: orderId }).waitFor({ state: 'detached' })
  const resolved = (await (await system.api(`/v1/reviews?orderId=${orderId}`)).json()) as { data: unknown[] }
  expect(resolved.data).toMatchObject([{ resolution: { action: 'dismiss', by: name, note: 'asked the provider' } }])
}

const findByLink: Task = async ({ page, orderId }) => {
  await search(page, `https://www.instagram.com/${orderId}`)
  await page
    .getByRole('row', { name: new RegExp(orderId) })
    .getByRole('link')
    .first()
    .click()
  await page.getByRole('heading', { name: `Order ${orderId}` }).waitFor()
}

const seeConnected: Task = async (operator) => {
  const { page, role } = operator
  await openTile(page, 'People online')
  await page.getByRole('group', { name: 'Gateways' }).getByRole('row').nth(1).waitFor()
  await search(page, 'zoe')
  await page.getByRole('row', { name: /zoe/ }).getByRole('link').first().click()
  await page.getByRole('heading', { name: 'User zoe' }).waitFor()
  await page.getByRole('cell', { name: 'WebSocket' }).waitFor()
  expect(await page.getByRole('button', { name: 'Disconnect' }).count()).toBe(role === 'owner' ? 1 : 0)
  if (role !== 'owner') await expectRejected(operator, '/v1/users/zoe/disconnect')
}

const replay: Task = async (operator) => {
  const { page, role, orderId } = operator
  await openPage(page, 'Live')
  await page
    .getByRole('row', { name: new RegExp(orderId) })
    .first()
    .getByRole('link', { name: /\d\d:\d\d/ })
    .click()
  await page.getByText('"status": "Completed"').waitFor()
  if (role === 'viewer') {
    expect(await page.getByRole('button', { name: 'Replay' }).count()).toBe(0)
    const deliveryId = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1)!)
    return expectRejected(operator, `/v1/deliveries/${deliveryId}/replay`)
  }
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
  await page.getByText('Replayed:').waitFor()
}

const seeFailingWebhook: Task = async (operator) => {
  const { page, system, role, orderId } = operator
  await openPage(page, 'Today')
  await page.locator('.tile[data-verdict="bad"]', { hasText: 'Your server' }).click()
  const row = page.getByRole('row', { name: new RegExp(`${orderId}.*the connection was rejected`) }).first()
  await row.waitFor()
  expect(new URL(page.url()).search).toBe('?state=pending')
  if (role !== 'owner') {
    for (const name of [/^Retry/, 'Send a ping', 'Disable', 'Edit', 'Add an endpoint']) {
      expect(await page.getByRole('button', { name }).count()).toBe(0)
    }
    await expectRejected(operator, '/v1/outgoing-webhooks/retry')
    const { data } = (await (await system.api('/v1/outgoing-webhooks?state=pending')).json()) as {
      data: { webhookId: string }[]
    }
    return expectRejected(operator, `/v1/outgoing-webhooks/${data[0]!.webhookId}/retry`)
  }
  await page.getByRole('button', { name: 'Send a ping' }).click()
  await page.getByText('Your server did not accept it:').waitFor()
  await row.getByRole('button', { name: /^Retry/ }).click()
  await row.getByRole('link', { name: 'Order changed' }).click()
  await page.getByRole('row', { name: /^1 .*the connection was rejected/ }).waitFor()
}

const revokeKey: Task = async (operator) => {
  const { page, system, role, name } = operator
  await openPage(page, 'Health')
  await page.getByRole('group', { name: 'Gateways' }).waitFor()
  if (role !== 'owner') {
    expect(await page.getByRole('heading', { name: 'API keys' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: /^Revoke|^Create a key/ }).count()).toBe(0)
    return expectRejected(operator, '/v1/keys/environment/revoke')
  }
  expect((await system.api('/v1/connections')).status).toBe(200)
  await page.getByRole('button', { name: 'Revoke the key environment' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('row', { name: /^environment.*Revoked$/ }).waitFor()
  await eventually(async () => (await system.api('/v1/connections')).status === 401)
  await page.getByRole('row', { name: new RegExp(`${name}.*Revoked an API key`) }).waitFor()
}

/** What an operator opens the console for. The last one revokes the key that the others need. */
export const NINE_TASKS: Readonly<Record<string, Task>> = {
  'see the webhooks that come in': seeWebhooks,
  'see the refunds that were paid': seeRefunds,
  'see the orders in review': seeReviews,
  'resolve one': resolveReview,
  'find an order by its link': findByLink,
  'see who is connected': seeConnected,
  'replay an update': replay,
  'see why an outgoing webhook fails': seeFailingWebhook,
  'revoke a key': revokeKey,
}
