import { tokenRequestSchema, tokenSchema } from '@paxyo/panel-client'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { createTokenLog, principalOf, idempotencyHeaders, operation, type PanelApi, reject } from '@paxyo/panel-api-kit'
import type { TokenMint } from './token-mint.ts'

export interface TokenDeps {
  /** Signs browser tokens; undefined when no secret is configured. */
  readonly mint: TokenMint | undefined
  readonly pool: Pool
  readonly log: Logger
}

/** `POST /v1/tokens`. It changes nothing, so a retry is safe with and without an Idempotency-Key. */
export function registerTokenRoutes(api: PanelApi, { mint, pool, log }: TokenDeps): void {
  const tokens = createTokenLog(pool)
  const schema = {
    headers: idempotencyHeaders,
    body: tokenRequestSchema,
    ...operation({
      operationId: 'mintToken',
      scope: 'tokens',
      tag: 'Tokens',
      summary: "Mint a token for a user's browser",
      description:
        "Until it expires, the token gives access to all of the user's data. `POST /v1/tokens/revoke` revokes it.",
      responses: { 201: { description: 'A token for `hello`.', schema: tokenSchema } },
      errors: ['token_minting_off'],
    }),
  }
  api.post('/v1/tokens', { schema }, async (request, reply) => {
    if (mint === undefined) return reject(reply, 'token_minting_off')
    const { userId, ttlSeconds } = request.body
    const { token, expiresAt, jti } = await mint(userId, ttlSeconds)
    // A token gives access to everything of its user: who had it minted must be known afterwards.
    await tokens.record(request, jti)
    const { id: keyId, name } = principalOf(request)
    log.info({ key: name, keyId, userId, jti, ttlSeconds, address: request.ip }, 'token minted')
    return reply.code(201).send({ token, expiresAt: expiresAt.toISOString(), jti })
  })
}
