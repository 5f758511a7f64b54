/** What is known of an order that comes from elsewhere; the README says what each means. */
export const ORDER_FIELDS = [
  'orderId',
  'provider',
  'providerOrderId',
  'userId',
  'service',
  'link',
  'quantity',
  'charge',
  'currency',
  'status',
  'remains',
  'startCount',
  'refunded',
  'createdAt',
] as const

/** What is known of a user. */
export const ACCOUNT_FIELDS = ['userId', 'balance', 'currency'] as const

export const IMPORT_FORMATS = ['csv', 'ndjson', 'mysql-tab', 'mysql-csv'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]
