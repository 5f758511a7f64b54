import type { StoredEndpoint } from '@paxyo/ledger'
import type { WebhookEndpoint } from '@paxyo/panel-client'

/** An endpoint as the panel API shows it: without its secrets. */
export const toEndpoint = ({ secrets, createdAt, types, ...endpoint }: StoredEndpoint): WebhookEndpoint => ({
  ...endpoint,
  types: [...types],
  secretCount: secrets.length,
  createdAt: createdAt.toISOString(),
})
