import { signWebhook } from '@paxyo/standard-webhooks'

/** How webhooks prove where they come from. */
export type Proof =
  | { readonly kind: 'none' }
  /** The token is the last part of the address. */
  | { readonly kind: 'path'; readonly token: string }
  | { readonly kind: 'header'; readonly token: string; readonly header?: 'x-webhook-token' | 'authorization' }
  /** Standard Webhooks; each key signs. */
  | { readonly kind: 'signature'; readonly keys: readonly Buffer[] }

export interface Signed {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where and with which headers a message is sent at this time. Its id stays when it is sent again. */
export function prove(proof: Proof, url: string, messageId: string, body: string, nowMs: number): Signed {
  switch (proof.kind) {
    case 'none':
      return { url, headers: {} }
    case 'path':
      return { url: `${url.replace(/\/$/, '')}/${encodeURIComponent(proof.token)}`, headers: {} }
    case 'header':
      return proof.header === 'authorization'
        ? { url, headers: { authorization: `Bearer ${proof.token}` } }
        : { url, headers: { 'x-webhook-token': proof.token } }
    case 'signature':
      return { url, headers: signWebhook({ id: messageId, body }, proof.keys, nowMs) }
  }
}
