import {
  appendAuditEntry,
  createApiKey,
  hashApiKey,
  listApiKeys,
  revokeApiKey,
  revokeEnvironmentKey,
  type ApiKey,
  type Database,
} from '@paxyo/database'
import { auditedRequest, operation, reject, type PanelApi } from '@paxyo/panel-api-kit'
import {
  ALL_SCOPES,
  apiKeyIdSchema,
  apiKeyListSchema,
  createApiKeySchema,
  createdApiKeySchema,
  revokedApiKeySchema,
  type ApiKeyView,
} from '@paxyo/panel-client'
import { fingerprintOf } from '@paxyo/service-kit'
import type { Kysely } from 'kysely'
import { z } from 'zod'

export interface KeyRouteDeps {
  readonly db: Kysely<Database>
  /** The keys that the environment configures, and the one that the standalone prints. */
  readonly environmentKeys: readonly string[]
}

const COMMON = { scope: 'keys', tag: 'API keys' } as const

/** `/v1/keys`: the API keys, without their secrets. Owners create them, in the console or with the command line. */
export function registerKeyRoutes(api: PanelApi, deps: KeyRouteDeps): void {
  registerList(api, deps)
  registerCreate(api, deps)
  registerRevoke(api, deps)
}

function registerList(api: PanelApi, deps: KeyRouteDeps): void {
  const schema = operation({
    ...COMMON,
    operationId: 'listKeys',
    summary: 'List the API keys, without their secrets',
    responses: { 200: { description: 'All keys, also revoked ones.', schema: apiKeyListSchema } },
  })
  api.get('/v1/keys', { schema }, async (_request, reply) => {
    const [keys, ofEnvironment] = await Promise.all([listApiKeys(deps.db), environmentKeys(deps)])
    return reply.send({ data: [...ofEnvironment, ...keys.map(toView)] })
  })
}

function registerCreate(api: PanelApi, { db }: KeyRouteDeps): void {
  const schema = {
    body: createApiKeySchema,
    ...operation({
      ...COMMON,
      // Otherwise a stolen key could make another one, which outlives its revocation, its expiry and its networks.
      isForOperators: true,
      operationId: 'createKey',
      summary: 'Create an API key',
      description:
        'For an operator in the console; elsewhere `paxyo keys create` does it. Its response is not kept for retries.',
      responses: { 201: { description: 'The key, which is not shown again.', schema: createdApiKeySchema } },
      errors: ['too_many_api_keys'],
    }),
  }
  api.post('/v1/keys', { schema }, async (request, reply) => {
    const { name, scopes, expiresAt, allowedNetworks } = request.body
    const limits = { scopes: [...new Set(scopes)], expiresAt, allowedNetworks }
    const created = await db.transaction().execute(async (tx) => {
      const key = await createApiKey(tx, name, {
        ...limits,
        expiresAt: expiresAt === null ? undefined : new Date(expiresAt),
        allowedNetworks: allowedNetworks ?? undefined,
      })
      if (key === undefined) return undefined
      const entry = { ...auditedRequest(request), subject: key.keyId, before: null, after: { name, ...limits } }
      await appendAuditEntry(tx, { ...entry, result: 'ok' })
      return key
    })
    return created === undefined ? reject(reply, 'too_many_api_keys') : reply.code(201).send(created)
  })
}

function registerRevoke(api: PanelApi, deps: KeyRouteDeps): void {
  const schema = {
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
  api.post('/v1/keys/:keyId/revoke', { schema }, async (request, reply) => {
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
