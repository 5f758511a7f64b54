/** The fields of an order from another system; the README describes them. */
export const ORDER_FIELDS = [
  'orderId',
  'provider',
  'providerOrderId',
  'userId',
  'service',
  'link',
  'quantity',
  'runs',
  'interval',
  'charge',
  'currency',
  'status',
  'remains',
  'startCount',
  'refunded',
  'createdAt',
] as const

/** The fields of a user's account. */
export const ACCOUNT_FIELDS = ['userId', 'balance', 'currency'] as const

export const IMPORT_FORMATS = ['csv', 'ndjson', 'mysql-tab', 'mysql-csv'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]
