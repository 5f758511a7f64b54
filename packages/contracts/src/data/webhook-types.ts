/** The types of outgoing webhooks. */
export const WEBHOOK_TYPES = [
  'order.registered',
  'order.updated',
  'refund.paid',
  'account.updated',
  'review.opened',
  'review.resolved',
] as const

export type WebhookType = (typeof WEBHOOK_TYPES)[number]
