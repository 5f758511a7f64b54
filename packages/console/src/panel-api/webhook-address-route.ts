import { insertAuditEntries } from '@paxyo/database'
import { auditedRequest, operation, reject, type ApiDeps, type PanelApi } from '@paxyo/panel-api-kit'
import { webhookAddressBody, webhookAddressSchema, type WebhookAddress } from '@paxyo/panel-client'
import type { ConfiguredProvider } from '@paxyo/providers'

export interface WebhookAddressDeps extends Pick<ApiDeps, 'pool'> {
  readonly configuredProviders: readonly ConfiguredProvider[]
}

/**
 * `POST /v1/webhook-address`: the address that a provider calls, with its token. A person with it can send webhooks, which refund: so
 * it is for owners who are signed in, not for keys, and nothing is returned unless the audit log has who asked.
 */
export function registerWebhookAddress(api: PanelApi, { pool, configuredProviders }: WebhookAddressDeps): void {
  const schema = {
    body: webhookAddressBody,
    ...operation({
      operationId: 'revealWebhookAddress',
      scope: 'operators',
      isForOperators: true,
      tag: 'Overview',
      summary: "Show the address of a provider's webhook, with its token",
      description: 'For an owner who is signed in to the console; an API key gets 403. The audit log has each request.',
      responses: { 200: { description: 'The address.', schema: webhookAddressSchema } },
      errors: ['unknown_provider'],
    }),
  }
  api.post('/v1/webhook-address', { schema }, async (request, reply) => {
    const { provider } = request.body
    const configured = configuredProviders.find((one) => one.provider.name === provider)
    if (configured === undefined) return reject(reply, 'unknown_provider')
    const details = { subject: provider, before: null, after: null, result: 'ok' }
    await pool.query(insertAuditEntries([{ ...auditedRequest(request), ...details }]))
    return reply.send(toAddress(configured))
  })
}

/** The token is in the path, as most providers send it; a signature is in the headers. */
export const webhookPath = (provider: string, token: string | undefined): string =>
  token === undefined ? `/webhooks/${provider}` : `/webhooks/${provider}/${encodeURIComponent(token)}`

function toAddress({ provider: { name }, authentication }: ConfiguredProvider): WebhookAddress {
  const { tokens, signatureKeys, allowedCidrs, isSignatureRequired = false } = authentication
  const [token] = isSignatureRequired ? [] : tokens
  const path = webhookPath(name, token)
  if (token !== undefined) return { path, proof: 'token' }
  if (signatureKeys.length > 0) return { path, proof: 'signature' }
  return { path, proof: allowedCidrs.length > 0 ? 'address' : 'none' }
}
