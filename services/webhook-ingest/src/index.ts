export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps } from './ingest.ts'
export { parseSecret } from './webhook/standard-webhooks.ts'
