import type { Database } from '@paxyo/database'
import type { WebhookEndpoint, WebhookType } from '@paxyo/panel-client'
import type { Kysely } from 'kysely'
import { randomBytes } from 'node:crypto'

/** The number of webhooks that are counted as waiting at most. */
const WAITING_MAX = 10_000
const SECRET_BYTES = 32

/** @returns a new Standard Webhooks secret. */
export const makeSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`

const selectEndpoints = (db: Kysely<Database>) =>
  db
    .selectFrom('outgoing_webhook_endpoints as endpoint')
    .select(['endpoint_id', 'url', 'types', 'secrets', 'is_enabled', 'ca', 'is_insecure', 'created_at'])
    .select((eb) =>
      eb
        .selectFrom(
          eb
            .selectFrom('outgoing_webhooks')
            .select('webhook_id')
            .whereRef('outgoing_webhooks.endpoint_id', '=', 'endpoint.endpoint_id')
            .where('state', '=', 'pending')
            .limit(WAITING_MAX)
            .as('pending'),
        )
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .as('waiting'),
    )

/** All endpoints, oldest first. */
export async function listEndpoints(db: Kysely<Database>): Promise<WebhookEndpoint[]> {
  const rows = await selectEndpoints(db).orderBy('created_at').orderBy('endpoint_id').execute()
  return rows.map(toView)
}

export async function readEndpoint(db: Kysely<Database>, endpointId: string): Promise<WebhookEndpoint | undefined> {
  const row = await selectEndpoints(db).where('endpoint_id', '=', endpointId).executeTakeFirst()
  return row && toView(row)
}

type EndpointRow = Awaited<ReturnType<ReturnType<typeof selectEndpoints>['execute']>>[number]

function toView(row: EndpointRow): WebhookEndpoint {
  return {
    endpointId: row.endpoint_id,
    url: row.url,
    types: row.types as WebhookType[],
    isEnabled: row.is_enabled,
    ca: row.ca,
    isInsecure: row.is_insecure,
    secretCount: row.secrets.length,
    waiting: row.waiting ?? 0,
    createdAt: row.created_at.toISOString(),
  }
}
