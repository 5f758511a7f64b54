import type { Refund } from '@paxyo/ledger'
import type { WebhookMessage } from '@paxyo/standard-webhooks'

/**
 * The webhook for a refund. Its id is the refund's, and its bytes are the same in every attempt, because a refund never
 * changes.
 */
export function refundMessage(refund: Refund): WebhookMessage {
  return {
    id: refund.refundId,
    body: JSON.stringify({ type: 'refund.paid', timestamp: refund.at, data: refund }),
  }
}
