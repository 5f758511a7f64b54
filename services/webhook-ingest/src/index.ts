export { ingestProblems, ingestVariables, weakIngestSecrets } from './config.ts'
export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps } from './ingest.ts'
export { outgoingWebhookSettings } from './workers/outgoing-webhooks/outgoing-webhook-config.ts'
export { reconcileSchedule } from './workers/reconcile/reconcile-config.ts'
// It declares `webhookResults` of a request.
export type { WebhookSource } from './webhook/route.ts'
