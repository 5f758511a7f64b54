export { ingestVariables } from './config.ts'
export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps } from './ingest.ts'
