import type { Refund } from '@paxyo/ledger'
import type { WebhookMessage } from '@paxyo/standard-webhooks'

/**
 * The webhook that tells of a refund. Its id is the refund's, and its bytes are the same at every attempt, because
 * nothing of a refund ever changes.
 */
export function refundMessage(refund: Refund): WebhookMessage {
  return {
    id: refund.refundId,
    body: JSON.stringify({ type: 'refund.paid', timestamp: refund.at, data: refund }),
  }
}
