import { tokenRequestSchema, tokenSchema } from '@paxyo/panel-client'
import { refuse } from '../kit/answer.ts'
import { idempotencyHeaders } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import type { PanelApi } from '../kit/api.ts'
import type { TokenMint } from './token-mint.ts'

export interface TokenDeps {
  /** Signs browser tokens; undefined when this process has no secret for it. */
  readonly mint: TokenMint | undefined
}

/** `POST /v1/tokens`. Changes nothing, so that sending it again is harmless with and without an Idempotency-Key. */
export function registerTokenRoutes(api: PanelApi, { mint }: TokenDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: tokenRequestSchema,
    ...operation({
      operationId: 'mintToken',
      tag: 'Tokens',
      summary: "Mint a token for a user's browser",
      description: 'Whoever holds the token sees everything of this user until it expires; it cannot be revoked.',
      answers: { 201: { description: 'A token for `hello`.', schema: tokenSchema } },
      refusals: ['token_minting_off'],
    }),
  }
  api.post('/v1/tokens', { schema }, async (request, reply) => {
    if (mint === undefined) return refuse(reply, 'token_minting_off')
    const { userId, ttlSeconds } = request.body
    const { token, expiresAt } = await mint(userId, ttlSeconds)
    void reply.header('cache-control', 'no-store')
    return reply.code(201).send({ token, expiresAt: expiresAt.toISOString() })
  })
}
