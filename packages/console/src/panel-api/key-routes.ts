import {
  hashApiKey,
  listApiKeys,
  revokeApiKey,
  revokeEnvironmentKey,
  type ApiKey,
  type Database,
} from '@paxyo/database'
import { operation, reject, type PanelApi } from '@paxyo/panel-api-kit'
import { ALL_SCOPES, apiKeyIdSchema, apiKeyListSchema, revokedApiKeySchema, type ApiKeyView } from '@paxyo/panel-client'
import { fingerprintOf } from '@paxyo/service-kit'
import type { Kysely } from 'kysely'
import { z } from 'zod'

export interface KeyRouteDeps {
  readonly db: Kysely<Database>
  /** The keys that the environment configures, and the one that the standalone prints. */
  readonly environmentKeys: readonly string[]
}

const COMMON = { scope: 'keys', tag: 'API keys' } as const

/** `/v1/keys`: the API keys, without their secrets. They are created with the command line. */
export function registerKeyRoutes(api: PanelApi, deps: KeyRouteDeps): void {
  const listSchema = operation({
    ...COMMON,
    operationId: 'listKeys',
    summary: 'List the API keys, without their secrets',
    responses: { 200: { description: 'All keys, also revoked ones.', schema: apiKeyListSchema } },
  })
  api.get('/v1/keys', { schema: listSchema }, async (_request, reply) => {
    const [keys, ofEnvironment] = await Promise.all([listApiKeys(deps.db), environmentKeys(deps)])
    return reply.send({ data: [...ofEnvironment, ...keys.map(toView)] })
  })

  const revokeSchema = {
    params: z.object({ keyId: apiKeyIdSchema }),
    ...operation({
      ...COMMON,
      operationId: 'revokeKey',
      summary: 'Revoke an API key',
      description: 'Every service rejects the key within a second. That cannot be undone.',
      responses: { 200: { description: 'It is revoked.', schema: revokedApiKeySchema } },
      errors: ['api_key_not_found'],
    }),
  }
  api.post('/v1/keys/:keyId/revoke', { schema: revokeSchema }, async (request, reply) => {
    const { keyId } = request.params
    return (await revoke(deps, keyId)) ? reply.send({ keyId }) : reject(reply, 'api_key_not_found')
  })
}

function revoke({ db, environmentKeys: keys }: KeyRouteDeps, keyId: string): Promise<boolean> {
  const key = keys.find((one) => environmentKeyId(one) === keyId)
  return key === undefined ? revokeApiKey(db, keyId) : revokeEnvironmentKey(db, key)
}

async function environmentKeys({ db, environmentKeys: keys }: KeyRouteDeps): Promise<ApiKeyView[]> {
  const revoked = await db.selectFrom('revoked_keys').selectAll().execute()
  const used = await db
    .selectFrom('service_secrets')
    .select(['fingerprint', ({ fn }) => fn.max('used_at').as('used_at')])
    .where('kind', '=', 'panel_api_keys')
    .groupBy('fingerprint')
    .execute()
  return keys.map((key) => {
    const revokedAt = revoked.find(({ key_hash: hash }) => hash.equals(hashApiKey(key)))?.revoked_at
    const usedAt = used.find(({ fingerprint }) => fingerprint === fingerprintOf('panel_api_keys', key))?.used_at
    const unknown = { createdAt: null, expiresAt: null, allowedNetworks: null }
    return {
      keyId: environmentKeyId(key),
      name: 'environment',
      scopes: [...ALL_SCOPES],
      ...unknown,
      lastUsedAt: usedAt?.toISOString() ?? null,
      revokedAt: revokedAt?.toISOString() ?? null,
    }
  })
}

/** An id that does not change when the environment lists further keys. */
const environmentKeyId = (key: string): string => `env_${hashApiKey(key).toString('hex').slice(0, 12)}`

const toView = ({
  scopes,
  createdAt,
  lastUsedAt,
  expiresAt,
  allowedNetworks,
  revokedAt,
  ...key
}: ApiKey): ApiKeyView => ({
  ...key,
  scopes: scopes === null ? [...ALL_SCOPES] : ALL_SCOPES.filter((scope) => scopes.includes(scope)),
  createdAt: createdAt.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
  expiresAt: expiresAt?.toISOString() ?? null,
  allowedNetworks: allowedNetworks === null ? null : [...allowedNetworks],
  revokedAt: revokedAt?.toISOString() ?? null,
})
