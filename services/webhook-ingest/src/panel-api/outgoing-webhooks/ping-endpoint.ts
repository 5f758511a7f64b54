import type { Database } from '@paxyo/database'
import { newId } from '@paxyo/ledger'
import type { PingResult } from '@paxyo/panel-client'
import type { Kysely } from 'kysely'
import { addressProblem } from '../../workers/outgoing-webhooks/check-address.ts'
import { ENVIRONMENT_ENDPOINT, toKeys } from '../../workers/outgoing-webhooks/endpoints.ts'
import { createMessageSender, type SendTarget } from '../../workers/outgoing-webhooks/send-message.ts'
import type { OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'

type Deps = Pick<OutgoingWebhookDeps, 'addressRules' | 'environmentEndpoint'> & { readonly db: Kysely<Database> }

/**
 * Sends a signed ping, once, also to a disabled endpoint.
 *
 * @returns undefined when the endpoint does not exist.
 */
export async function pingEndpoint(deps: Deps, endpointId: string): Promise<PingResult | undefined> {
  const target = await readTarget(deps, endpointId)
  if (target === undefined) return undefined
  const problem = await addressProblem(target, deps.addressRules)
  if (problem !== undefined) return { isDelivered: false, status: null, error: problem }
  const sender = createMessageSender(target)
  try {
    const now = new Date()
    const body = JSON.stringify({ type: 'ping', timestamp: now.toISOString(), data: {} })
    const { delivered, status, error } = await sender.send({ id: newId(), body }, now.getTime())
    return { isDelivered: delivered, status, error }
  } finally {
    sender.close()
  }
}

async function readTarget(
  { db, addressRules: rules, environmentEndpoint }: Deps,
  endpointId: string,
): Promise<SendTarget | undefined> {
  if (endpointId === ENVIRONMENT_ENDPOINT) {
    return environmentEndpoint && { ...environmentEndpoint, ca: null, isInsecure: false, rules }
  }
  const row = await db
    .selectFrom('outgoing_webhook_endpoints')
    .select(['url', 'secrets', 'ca', 'is_insecure'])
    .where('endpoint_id', '=', endpointId)
    .executeTakeFirst()
  return row && { url: row.url, keys: toKeys(row.secrets), ca: row.ca, isInsecure: row.is_insecure, rules }
}
