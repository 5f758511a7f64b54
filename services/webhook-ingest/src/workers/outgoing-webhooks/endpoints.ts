import type { Database } from '@paxyo/database'
import { readChangeFeedEnd } from '@paxyo/ledger'
import { parseSecret } from '@paxyo/standard-webhooks'
import { sql, type Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { AddressRules, EnvironmentEndpoint } from './outgoing-webhook-config.ts'
import type { SendTarget } from './send-message.ts'

/** An endpoint that webhooks are sent to now. */
export interface Endpoint {
  readonly endpointId: string
  readonly types: ReadonlySet<string>
  readonly position: number
  readonly target: SendTarget
}

/** The id of the endpoint that the environment configures. */
export const ENVIRONMENT_ENDPOINT = 'environment'

/**
 * Stores the endpoint of the environment, or disables the one of an earlier configuration. It begins with the first change
 * after it was configured for the first time.
 */
export async function storeEnvironmentEndpoint(
  { db, pool }: { readonly db: Kysely<Database>; readonly pool: Pool },
  endpoint: EnvironmentEndpoint | undefined,
): Promise<void> {
  if (endpoint === undefined) {
    await db
      .updateTable('outgoing_webhook_endpoints')
      .set({ is_enabled: false })
      .where('endpoint_id', '=', ENVIRONMENT_ENDPOINT)
      .where('is_enabled', '=', true)
      .execute()
    return
  }
  const { position } = await readChangeFeedEnd(pool)
  await db
    .insertInto('outgoing_webhook_endpoints')
    .values({ endpoint_id: ENVIRONMENT_ENDPOINT, url: endpoint.url, types: [...endpoint.types], secrets: [], position })
    .onConflict((conflict) =>
      conflict.column('endpoint_id').doUpdateSet({ url: endpoint.url, types: [...endpoint.types], is_enabled: true }),
    )
    .execute()
}

/** Reads the enabled endpoints. */
export async function readEndpoints(
  db: Kysely<Database>,
  environment: EnvironmentEndpoint | undefined,
  rules: AddressRules,
): Promise<Endpoint[]> {
  const rows = await db
    .selectFrom('outgoing_webhook_endpoints')
    .select(['endpoint_id', 'url', 'types', 'secrets', 'ca', 'is_insecure', 'position'])
    .where('is_enabled', '=', true)
    .orderBy('endpoint_id')
    .execute()
  return rows.flatMap((row) => {
    const isOfEnvironment = row.endpoint_id === ENVIRONMENT_ENDPOINT
    // Another process may have a configuration that this one does not have.
    if (isOfEnvironment && environment === undefined) return []
    const keys = isOfEnvironment ? environment!.keys : toKeys(row.secrets)
    return {
      endpointId: row.endpoint_id,
      types: new Set(row.types),
      position: row.position,
      target: { url: row.url, keys, ca: row.ca, isInsecure: row.is_insecure, rules },
    }
  })
}

export const toKeys = (secrets: readonly string[]): Buffer[] =>
  secrets.map(parseSecret).filter((key) => key !== undefined)

/** Makes all failed webhooks of an endpoint due: it responds again. */
export async function makeEndpointDue(db: Kysely<Database>, endpointId: string): Promise<void> {
  await db
    .updateTable('outgoing_webhooks')
    .set({ due_at: sql<Date>`clock_timestamp()` })
    .where('endpoint_id', '=', endpointId)
    .where('state', '=', 'pending')
    .where('is_sending', '=', false)
    .where('due_at', '>', sql<Date>`clock_timestamp()`)
    .execute()
}
