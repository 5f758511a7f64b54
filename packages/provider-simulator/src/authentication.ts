import { signWebhook } from '@paxyo/standard-webhooks'

/** How webhooks are authenticated. */
export type WebhookAuthentication =
  | { readonly kind: 'none' }
  /** The token is the last part of the address. */
  | { readonly kind: 'path'; readonly token: string }
  | { readonly kind: 'header'; readonly token: string; readonly header?: 'x-webhook-token' | 'authorization' }
  /** Standard Webhooks; each key signs. */
  | { readonly kind: 'signature'; readonly keys: readonly Buffer[] }

export interface AuthenticatedRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The URL and headers of a message that is sent now. Retries keep the message's id. */
export function authenticate(
  authentication: WebhookAuthentication,
  url: string,
  messageId: string,
  body: Uint8Array,
  nowMs: number,
): AuthenticatedRequest {
  switch (authentication.kind) {
    case 'none':
      return { url, headers: {} }
    case 'path':
      return { url: `${url.replace(/\/$/, '')}/${encodeURIComponent(authentication.token)}`, headers: {} }
    case 'header':
      return authentication.header === 'authorization'
        ? { url, headers: { authorization: `Bearer ${authentication.token}` } }
        : { url, headers: { 'x-webhook-token': authentication.token } }
    case 'signature':
      return { url, headers: signWebhook({ id: messageId, body }, authentication.keys, nowMs) }
  }
}
