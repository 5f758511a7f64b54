import type { WebhookType } from '@paxyo/contracts'
import { createKysely, type Database } from '@paxyo/database'
import type { Kysely } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { readChangeFeedEnd } from '../change-feed/read-changes.ts'

/** The id of the endpoint that the environment configures. */
export const ENVIRONMENT_ENDPOINT = 'environment'
/** More endpoints would each read the whole feed. */
const ENDPOINTS_MAX = 50
/** The number of webhooks that are counted as waiting at most. */
const WAITING_MAX = 10_000

/** Where webhooks are sent, and which. */
export interface EndpointTarget {
  readonly url: string
  readonly types: readonly string[]
  /** The certificate authority of the receiver; the system's when null. */
  readonly ca: string | null
  /** Whether any certificate is accepted. */
  readonly isInsecure: boolean
}

/** An endpoint that webhooks are sent to now. */
export interface EnabledEndpoint extends EndpointTarget {
  readonly endpointId: string
  /** The newest is first; those of the environment's endpoint are not stored. */
  readonly secrets: readonly string[]
  /** Its cursor in the changes feed. */
  readonly position: number
}

export interface NewEndpoint extends EndpointTarget {
  readonly endpointId: string
  readonly secrets: readonly string[]
  readonly isEnabled: boolean
}

export interface StoredEndpoint extends NewEndpoint {
  readonly types: readonly WebhookType[]
  /** Webhooks that wait to be sent or retried. */
  readonly waiting: number
  readonly createdAt: Date
}

/** The fields that a change of an endpoint sets; an undefined one stays. */
export interface EndpointChange extends Omit<EndpointTarget, 'types'> {
  readonly types: readonly string[] | undefined
  readonly isEnabled: boolean | undefined
}

/** The endpoints of outgoing webhooks. Methods with a client are part of its transaction. */
export interface WebhookEndpoints {
  /**
   * Stores the endpoint of the environment, or disables the one of an earlier configuration. It begins with the first
   * change after it was configured for the first time.
   */
  storeEnvironment(endpoint: Pick<EndpointTarget, 'url' | 'types'> | undefined): Promise<void>
  readEnabled(): Promise<EnabledEndpoint[]>
  /** All endpoints, oldest first. */
  list(): Promise<StoredEndpoint[]>
  read(endpointId: string): Promise<StoredEndpoint | undefined>
  /** @returns when it was created; undefined when there are too many. */
  insert(client: PoolClient, endpoint: NewEndpoint): Promise<Date | undefined>
  change(endpointId: string, change: EndpointChange): Promise<void>
  /** Deletes it with its webhooks. @returns whether it existed. */
  delete(endpointId: string): Promise<boolean>
  /** Adds a secret that signs in addition to the only one. @returns false when the endpoint has two, or does not exist. */
  addSecret(client: PoolClient, endpointId: string, secret: string): Promise<boolean>
  /** Exchanges the newer secret for another one. @returns whether the endpoint exists. */
  replaceSecret(client: PoolClient, endpointId: string, secret: string): Promise<boolean>
  /** Keeps only the newest secret. @returns whether the endpoint exists. */
  retireSecrets(client: PoolClient, endpointId: string): Promise<boolean>
}

/**
 * The endpoints that outgoing webhooks are sent to.
 *
 * @example
 * const endpoints = createWebhookEndpoints(pool)
 * await endpoints.storeEnvironment({ url: 'https://panel.example/webhooks', types: ['refund.paid'] })
 * (await endpoints.list()).map(({ endpointId }) => endpointId) //=> ['environment']
 * await endpoints.storeEnvironment(undefined)
 * await endpoints.readEnabled() //=> []
 */
export function createWebhookEndpoints(pool: Pool): WebhookEndpoints {
  const db = createKysely(pool)
  return {
    async storeEnvironment(endpoint) {
      if (endpoint === undefined) return disableEnvironment(db)
      const { position } = await readChangeFeedEnd(pool)
      await upsertEnvironment(db, endpoint, position)
    },
    readEnabled: () =>
      db
        .selectFrom('outgoing_webhook_endpoints')
        .select(['endpoint_id as endpointId', 'url', 'types', 'secrets', 'ca', 'is_insecure as isInsecure', 'position'])
        .where('is_enabled', '=', true)
        .orderBy('endpoint_id')
        .execute(),
    async list() {
      const rows = await selectEndpoints(db).orderBy('created_at').orderBy('endpoint_id').execute()
      return rows.map(toStored)
    },
    async read(endpointId) {
      const row = await selectEndpoints(db).where('endpoint_id', '=', endpointId).executeTakeFirst()
      return row && toStored(row)
    },
    async insert(client, { endpointId, url, types, secrets, isEnabled, ca, isInsecure }) {
      const values = [endpointId, url, types, secrets, isEnabled, ca, isInsecure]
      const { rows } = await client.query<{ created_at: Date }>(INSERT, values)
      return rows[0]?.created_at
    },
    async change(endpointId, { url, ca, isInsecure, types, isEnabled }) {
      await db
        .updateTable('outgoing_webhook_endpoints')
        .set({
          url,
          ca,
          is_insecure: isInsecure,
          ...(types === undefined ? {} : { types: [...types] }),
          ...(isEnabled === undefined ? {} : { is_enabled: isEnabled }),
        })
        .where('endpoint_id', '=', endpointId)
        .execute()
    },
    async delete(endpointId) {
      const { numDeletedRows } = await db
        .deleteFrom('outgoing_webhook_endpoints')
        .where('endpoint_id', '=', endpointId)
        .executeTakeFirstOrThrow()
      return numDeletedRows > 0n
    },
    addSecret: async (client, endpointId, secret) =>
      (await client.query(ADD_SECRET, [endpointId, secret])).rowCount === 1,
    replaceSecret: async (client, endpointId, secret) =>
      (await client.query(REPLACE_SECRET, [endpointId, secret])).rowCount === 1,
    retireSecrets: async (client, endpointId) => (await client.query(RETIRE_SECRETS, [endpointId])).rowCount === 1,
  }
}

// It begins after the changes that have a position.
const INSERT = `
  INSERT INTO outgoing_webhook_endpoints (endpoint_id, url, types, secrets, is_enabled, ca, is_insecure, position)
  SELECT $1, $2, $3::text[], $4::text[], $5, $6, $7, position FROM change_feed_head
  WHERE (SELECT count(*) FROM outgoing_webhook_endpoints) < ${ENDPOINTS_MAX}
  RETURNING created_at`

// The newest is first. With two secrets either may be the receiver's, so a third one must not push one out.
const ADD_SECRET = `
  UPDATE outgoing_webhook_endpoints SET secrets = ARRAY[$2] || secrets
  WHERE endpoint_id = $1 AND cardinality(secrets) = 1`
const REPLACE_SECRET = `
  UPDATE outgoing_webhook_endpoints SET secrets = ARRAY[$2] || secrets[cardinality(secrets):]
  WHERE endpoint_id = $1`
const RETIRE_SECRETS = `
  UPDATE outgoing_webhook_endpoints SET secrets = secrets[1:1] WHERE endpoint_id = $1`

async function disableEnvironment(db: Kysely<Database>): Promise<void> {
  await db
    .updateTable('outgoing_webhook_endpoints')
    .set({ is_enabled: false })
    .where('endpoint_id', '=', ENVIRONMENT_ENDPOINT)
    .where('is_enabled', '=', true)
    .execute()
}

async function upsertEnvironment(
  db: Kysely<Database>,
  { url, types }: Pick<EndpointTarget, 'url' | 'types'>,
  position: number,
): Promise<void> {
  await db
    .insertInto('outgoing_webhook_endpoints')
    .values({ endpoint_id: ENVIRONMENT_ENDPOINT, url, types: [...types], secrets: [], position })
    .onConflict((conflict) => conflict.column('endpoint_id').doUpdateSet({ url, types: [...types], is_enabled: true }))
    .execute()
}

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

type EndpointRow = Awaited<ReturnType<ReturnType<typeof selectEndpoints>['execute']>>[number]

function toStored(row: EndpointRow): StoredEndpoint {
  return {
    endpointId: row.endpoint_id,
    url: row.url,
    types: row.types as WebhookType[],
    secrets: row.secrets,
    isEnabled: row.is_enabled,
    ca: row.ca,
    isInsecure: row.is_insecure,
    waiting: row.waiting ?? 0,
    createdAt: row.created_at,
  }
}
