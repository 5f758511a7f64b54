/** Paths in which no banned word may stand. */
export const DONE: readonly string[] = [
  'README.md',
  'infra/docs/README.md',
  'infra/docs/adr/',
  'infra/docs/explanation/',
  'infra/docs/faq.md',
  'infra/docs/how-to/',
  'infra/docs/production-checklist.md',
  'infra/docs/sizing.md',
  'infra/docs/troubleshooting.md',
  'infra/docs/tutorials/',
  'infra/docs/test/',
  'infra/docs/windows.md',
  'services/standalone/README.md',
  'services/webhook-ingest/README.md',
  'services/webhook-ingest/src/',
  'services/ws-gateway/README.md',
]
