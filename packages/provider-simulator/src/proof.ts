import { createHmac } from 'node:crypto'

/** How webhooks prove where they come from. */
export type Proof =
  | { readonly kind: 'none' }
  /** The token is the last part of the address. */
  | { readonly kind: 'path'; readonly token: string }
  | { readonly kind: 'header'; readonly token: string; readonly header?: 'x-webhook-token' | 'authorization' }
  /** Standard Webhooks; the secret is written `whsec_<base64>`. */
  | { readonly kind: 'signature'; readonly secret: string }

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
    case 'signature': {
      const timestamp = String(Math.floor(nowMs / 1000))
      const key = Buffer.from(proof.secret.replace(/^whsec_/, ''), 'base64')
      const digest = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64')
      const headers = {
        'webhook-id': messageId,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${digest}`,
      }
      return { url, headers }
    }
  }
}
