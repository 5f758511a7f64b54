export { ingestProblems, ingestVariables, weakIngestSecrets } from './config.ts'
export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps } from './ingest.ts'
export { outgoingWebhookTarget } from './workers/outgoing-webhooks/outgoing-webhook-config.ts'
export { reconcileSchedule } from './workers/reconcile/reconcile-config.ts'
