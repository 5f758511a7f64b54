export { checkProvider, ingestVariables, providerOptions } from './config.ts'
export { createIngest, INGEST_POOL_MAX, type Ingest, type IngestDeps, type ProviderOptions } from './ingest.ts'
export type { ReconcileReport, ReconcileRequest } from './reconcile/reconcile.ts'
