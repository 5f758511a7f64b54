import { ENVIRONMENT_ENDPOINT, newId } from '@paxyo/ledger'
import type { PingResult } from '@paxyo/panel-client'
import { addressProblem } from '../../workers/outgoing-webhooks/check-address.ts'
import { toKeys } from '../../workers/outgoing-webhooks/endpoints.ts'
import { createMessageSender, type SendTarget } from '../../workers/outgoing-webhooks/send-message.ts'
import type { OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'

type Deps = Pick<OutgoingWebhookDeps, 'addressRules' | 'environmentEndpoint' | 'webhookEndpoints'>

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
