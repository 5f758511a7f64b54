import type { DaysQuery, DaySummary, SearchResult, TestWebhookRequest, Today } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'

export async function search(cli: Cli, text: string): Promise<void> {
  const found = await withPanelApi(cli, (api) => api.overview.search(text))
  cli.print(found, () => renderFound(found))
}

function renderFound({ orders, users, hasMore }: SearchResult): string {
  const lines = [
    table(users.map(({ userId, balance, currency }) => [`user ${printable(userId)}`, `${balance} ${currency}`])),
    table(
      orders.map((order) => [
        `order ${printable(order.orderId)}`,
        order.status,
        `user ${printable(order.userId)}`,
        printable(order.providerOrderId ?? '-'),
        printable(order.link),
      ]),
    ),
    hasMore ? 'More orders match: give more of the link.' : '',
  ].filter((line) => line !== '')
  return lines.length === 0 ? 'Nothing was found.' : lines.join('\n')
}

export async function summarizeToday(cli: Cli, timeZone: string): Promise<void> {
  const today = await withPanelApi(cli, (api) => api.overview.today({ timeZone }))
  cli.print(today, () => renderToday(today))
}

function renderToday({ webhooks, refunds, reviews, endpoints, online }: Today): string {
  return [
    `webhooks: ${webhooks.lastMinute} in the last minute, the last one ${webhooks.lastAt ?? 'never'}`,
    ...refunds.map(
      ({ currency, today, yesterdayUntilNow }) =>
        `refunds: ${today.amount} ${currency} (${today.count}); yesterday until this time ` +
        `${yesterdayUntilNow.amount} (${yesterdayUntilNow.count})`,
    ),
    `reviews: ${reviews.open} open${reviews.oldestAt === null ? '' : `, the oldest since ${reviews.oldestAt}`}`,
    `endpoints: ${endpoints.failing.length} of ${endpoints.enabled} fail`,
    ...endpoints.failing.map(
      ({ endpointId, since, lastError, waiting }) =>
        `  ${printable(endpointId)} since ${since}, ${waiting} waiting: ${printable(lastError ?? '-')}`,
    ),
    online === null ? 'online: unknown' : `online: ${online.users} users, ${online.connections} connections`,
  ].join('\n')
}

export async function summarizeDays(cli: Cli, query: DaysQuery): Promise<void> {
  const sums = await withPanelApi(cli, (api) => api.overview.days(query))
  cli.print(sums, () => renderDays(sums))
}

function renderDays({ refunds, deliveries, hasMore }: DaySummary): string {
  return [
    table(
      refunds.map((row) => [
        row.day,
        `${row.amount} ${row.currency}`,
        `${row.count} refunds`,
        printable(row.provider ?? '-'),
        printable(row.service),
      ]),
    ),
    table(deliveries.map(({ day, outcome, count }) => [day, `${count}`, outcome])),
    hasMore ? 'Refunds were left out: ask for fewer days.' : '',
  ]
    .filter((part) => part !== '')
    .join('\n')
}

export async function testWebhook(cli: Cli, request: TestWebhookRequest): Promise<void> {
  const result = await withPanelApi(cli, (api) => api.overview.testWebhook(request))
  if (!result.isDelivered) {
    throw new Failure('violations', `the test webhook was not committed: ${result.error ?? `status ${result.status}`}`)
  }
  cli.print(result, () => `The test webhook was committed after ${result.tookMs} ms (order ${result.orderId}).`)
}
