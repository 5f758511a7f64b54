export { ingestVariables } from './config.ts'
export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps } from './ingest.ts'
export { createApiKey, listApiKeys, revokeApiKey, API_KEYS_MAX, type ApiKey } from './keys/api-keys.ts'
export type { NewApiKey } from './keys/api-key.ts'
