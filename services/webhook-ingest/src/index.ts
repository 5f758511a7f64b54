export { ingestProblems, ingestVariables } from './config.ts'
export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps } from './ingest.ts'
export { outgoingWebhookSettings } from './workers/outgoing-webhooks/outgoing-webhook-config.ts'
