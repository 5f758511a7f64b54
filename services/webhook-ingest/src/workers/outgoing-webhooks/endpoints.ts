import { ENVIRONMENT_ENDPOINT, type WebhookEndpoints } from '@paxyo/ledger'
import { parseSecret } from '@paxyo/standard-webhooks'
import type { OutgoingWebhookSettings } from './outgoing-webhook-config.ts'
import type { SendTarget } from './send-message.ts'

/** An endpoint that webhooks are sent to now. */
export interface Endpoint {
  readonly endpointId: string
  readonly types: ReadonlySet<string>
  readonly position: number
  readonly target: SendTarget
}

/** Reads the enabled endpoints, with the keys that sign for them. */
export async function readEndpoints(
  endpoints: Pick<WebhookEndpoints, 'readEnabled'>,
  { endpoint: environment, rules }: OutgoingWebhookSettings,
): Promise<Endpoint[]> {
  const enabled = await endpoints.readEnabled()
  return enabled.flatMap(({ endpointId, types, position, secrets, url, ca, isInsecure }) => {
    const isOfEnvironment = endpointId === ENVIRONMENT_ENDPOINT
    // Another process may have a configuration that this one does not have.
    if (isOfEnvironment && environment === undefined) return []
    const keys = isOfEnvironment ? environment!.keys : toKeys(secrets)
    return { endpointId, types: new Set(types), position, target: { url, keys, ca, isInsecure, rules } }
  })
}

export const toKeys = (secrets: readonly string[]): Buffer[] =>
  secrets.map(parseSecret).filter((key) => key !== undefined)
