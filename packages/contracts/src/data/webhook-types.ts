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

/** The types of an endpoint that names none. */
export const DEFAULT_WEBHOOK_TYPES: readonly WebhookType[] = [
  'order.updated',
  'refund.paid',
  'account.updated',
  'review.opened',
]
