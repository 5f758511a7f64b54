import { ENVIRONMENT_ENDPOINT } from '@paxyo/ledger'
import type { PingResult } from '@paxyo/panel-client'
import { toKeys } from '../../workers/outgoing-webhooks/endpoints.ts'
import type { SendTarget } from '../../workers/outgoing-webhooks/send-message.ts'
import { sendPing } from '../../workers/outgoing-webhooks/send-ping.ts'
import type { OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'

type Deps = Pick<OutgoingWebhookDeps, 'addressRules' | 'environmentEndpoint' | 'webhookEndpoints'>

/**
 * Sends a signed ping, once, also to a disabled endpoint.
 *
 * @returns undefined when the endpoint does not exist.
 */
export async function pingEndpoint(deps: Deps, endpointId: string): Promise<PingResult | undefined> {
  const target = await readTarget(deps, endpointId)
  return target && sendPing(target)
}

async function readTarget(
  { webhookEndpoints, addressRules: rules, environmentEndpoint }: Deps,
  endpointId: string,
): Promise<SendTarget | undefined> {
  if (endpointId === ENVIRONMENT_ENDPOINT) {
    return environmentEndpoint && { ...environmentEndpoint, ca: null, isInsecure: false, rules }
  }
  const endpoint = await webhookEndpoints.read(endpointId)
  if (endpoint === undefined) return undefined
  const { url, secrets, ca, isInsecure } = endpoint
  return { url, keys: toKeys(secrets), ca, isInsecure, rules }
}
