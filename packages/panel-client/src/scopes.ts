/** What an API key or an operator may do. Each operation of the panel API needs one of these scopes. */
export const SCOPES = {
  read: 'Read orders, accounts, refunds, reviews, deliveries, changes and connections',
  'orders:write': 'Register orders, open accounts, and attach provider orders',
  'deposits:write': 'Deposit money into accounts',
  'refunds:write': 'Act on orders: refund, cancel, set the status',
  reviews: 'Resolve reviews and replay deliveries; a resolution that refunds needs `refunds:write`, too',
  tokens: "Mint and revoke users' browser tokens, and disconnect users",
  erase: 'Erase users',
  outgoing_webhooks: 'Configure, test and retry outgoing webhooks',
  operators: 'Invite, change and disable operators, read the audit log, and audit the ledger',
  keys: 'List and revoke API keys; operators also create them',
} as const

export type Scope = keyof typeof SCOPES

export const ALL_SCOPES = Object.keys(SCOPES) as [Scope, ...Scope[]]

/** The roles of operators, with their scopes. Refunds of a support operator are limited in addition. */
export const ROLE_SCOPES = {
  viewer: ['read'],
  support: ['read', 'refunds:write', 'reviews'],
  owner: ALL_SCOPES,
} as const satisfies Record<string, readonly Scope[]>

export type OperatorRole = keyof typeof ROLE_SCOPES
