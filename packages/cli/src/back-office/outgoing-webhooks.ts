import {
  PAGE_SIZE_MAX,
  type ListOutgoingWebhooksQuery,
  type OutgoingWebhookAttempt,
  type OutgoingWebhookView,
} from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { take } from './take.ts'

export interface ListWebhooksOptions {
  readonly state?: string
  readonly endpoint?: string
  readonly limit: number
}

export interface RetryWebhooksOptions {
  readonly dead?: boolean
}

export async function listWebhooks(cli: Cli, { state, endpoint, limit }: ListWebhooksOptions): Promise<void> {
  const query: ListOutgoingWebhooksQuery = {
    limit: Math.min(limit, PAGE_SIZE_MAX),
    // The API rejects a state that it does not know.
    ...(state === undefined ? {} : { state: state as 'dead' }),
    ...(endpoint === undefined ? {} : { endpointId: endpoint }),
  }
  const webhooks = await withPanelApi(cli, (api) => take(api.outgoingWebhooks.list(query), limit))
  cli.print(webhooks, () => (webhooks.length === 0 ? 'No outgoing webhooks.' : table(webhooks.map(toRow))))
}

const toRow = (webhook: OutgoingWebhookView): string[] => [
  webhook.createdAt,
  webhook.type,
  printable(webhook.subject),
  webhook.state,
  `${webhook.attempts} attempts`,
  printable(webhook.lastError ?? (webhook.lastStatus === null ? '' : `status ${webhook.lastStatus}`)),
  webhook.webhookId,
]

export async function showWebhook(cli: Cli, webhookId: string): Promise<void> {
  const webhook = await withPanelApi(cli, (api) => api.outgoingWebhooks.get(webhookId))
  cli.print(webhook, () =>
    [
      table([toRow(webhook)]),
      table(webhook.attemptHistory.map(toAttemptRow)),
      `endpoint ${webhook.endpointId}; next attempt: ${webhook.dueAt ?? 'none'}`,
      printable(webhook.body),
    ]
      .filter((part) => part !== '')
      .join('\n'),
  )
}

const toAttemptRow = ({ at, durationMs, status, error, response }: OutgoingWebhookAttempt): string[] => [
  at,
  `${durationMs} ms`,
  printable(status === null ? (error ?? '') : `status ${status}`),
  printable(response ?? ''),
]

export async function retryWebhooks(
  cli: Cli,
  webhookId: string | undefined,
  { dead = false }: RetryWebhooksOptions,
): Promise<void> {
  if ((webhookId === undefined) !== dead) throw new Failure('usage', 'name one webhook, or all with --dead')
  const retried = await withPanelApi(cli, async (api) => {
    if (webhookId !== undefined) {
      const { state } = await api.outgoingWebhooks.retry(webhookId)
      return { retried: state === 'superseded' ? 0 : 1 }
    }
    let total = 0
    for (let hasMore = true; hasMore;) {
      const page = await api.outgoingWebhooks.retryDead()
      total += page.retried
      ;({ hasMore } = page)
    }
    return { retried: total }
  })
  cli.print(retried, () =>
    retried.retried === 0 ? 'Nothing to retry: a newer webhook has the state.' : `${retried.retried} webhooks are due.`,
  )
}
