import { operation, type ApiDeps, type PanelApi } from '@paxyo/panel-api-kit'
import { secretsInUseSchema } from '@paxyo/panel-client'
import { readSecretsInUse } from '../secrets/read-secrets.ts'

/** `GET /v1/secrets`: which secrets the running services know, by fingerprints. */
export function registerSecretRoutes(api: PanelApi, { pool }: Pick<ApiDeps, 'pool'>): void {
  const schema = operation({
    operationId: 'listSecrets',
    scope: 'keys',
    tag: 'API keys',
    summary: 'List the secrets that the running services know, without the secrets',
    description:
      'For rotating them: which services know the old and the new one, and when each was used last. Reports are at most ten ' +
      'seconds old, and a service that ended counts for half a minute. A fingerprint is the beginning of the HMAC-SHA256 of ' +
      '`paxyo fingerprint <kind>` with the secret as its key.',
    responses: { 200: { description: 'The secrets, by kind and provider.', schema: secretsInUseSchema } },
  })
  api.get('/v1/secrets', { schema }, async (_request, reply) => reply.send({ data: await readSecretsInUse(pool) }))
}
