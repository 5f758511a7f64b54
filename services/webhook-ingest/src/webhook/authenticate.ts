import type { WebhookAuthentication } from '@paxyo/providers'
import { bearerToken, createAllowList, createSecretSet } from '@paxyo/service-kit'
import { verifyWebhook } from '@paxyo/standard-webhooks'

/** The parts of a request that authenticate its sender. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly pathToken: string | undefined
  readonly body: Buffer
  readonly address: string
}

/** The sender of an authenticated webhook. */
export interface AuthenticatedSender {
  /** The signed message id; undefined when the sender was authenticated in another way. */
  readonly messageId: string | undefined
}

export type AuthenticateWebhook = (credentials: Credentials, nowMs: number) => AuthenticatedSender | undefined

/**
 * Creates the authentication of one provider's webhooks. When an allow-list is configured, the sender's address must be
 * in it; when signature keys or tokens are configured, one of them must match. An allow-list alone is enough. With
 * nothing configured, every webhook is rejected. Where a signature is required, tokens do not count.
 *
 * @param onTokenUsed called with the place of a token that has matched.
 */
export function createWebhookAuthentication(
  { signatureKeys, tokens, allowedCidrs, isSignatureRequired = false }: WebhookAuthentication,
  onTokenUsed?: (place: number) => void,
): AuthenticateWebhook {
  const isToken = createSecretSet(tokens, onTokenUsed)
  const isAllowed = createAllowList(allowedCidrs)
  const needsSecret = isSignatureRequired || signatureKeys.length > 0 || tokens.length > 0

  return ({ headers, pathToken, body, address }, nowMs) => {
    if (allowedCidrs.length > 0 && !isAllowed(address)) return undefined
    if (!needsSecret) return allowedCidrs.length > 0 ? { messageId: undefined } : undefined

    const messageId = verifyWebhook({ headers, body }, signatureKeys, nowMs)
    if (messageId !== undefined) return { messageId }
    if (isSignatureRequired) return undefined

    const headerToken = headers['x-webhook-token']
    const given = [
      pathToken,
      typeof headerToken === 'string' ? headerToken : undefined,
      bearerToken(headers['authorization'] as string | undefined),
    ]
    return given.some(isToken) ? { messageId: undefined } : undefined
  }
}
