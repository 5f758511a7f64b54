import type { WebhookType } from '@paxyo/contracts'
import type { OutgoingWebhookRow, RecordedAttempt } from '@paxyo/ledger'
import type { OutgoingWebhookAttempt, OutgoingWebhookView } from '@paxyo/panel-client'

/** An outgoing webhook as the panel API shows it. */
export function toOutgoingWebhook(row: OutgoingWebhookRow): OutgoingWebhookView {
  return {
    webhookId: row.webhook_id,
    endpointId: row.endpoint_id,
    type: row.type as WebhookType,
    subject: row.subject,
    state: row.state as OutgoingWebhookView['state'],
    attempts: row.attempts,
    createdAt: row.created_at.toISOString(),
    dueAt: row.due_at?.toISOString() ?? null,
    attemptedAt: row.attempted_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
    lastStatus: row.last_status,
    lastError: row.last_error,
  }
}

export const toAttempt = ({ at, ...attempt }: RecordedAttempt): OutgoingWebhookAttempt => ({
  at: new Date(at).toISOString(),
  ...attempt,
})
