/** Paths in which no banned word may stand. */
export const DONE: readonly string[] = [
  'README.md',
  'infra/docs/README.md',
  'infra/docs/adr/',
  'infra/docs/explanation/',
  'infra/docs/how-to/',
  'infra/docs/reference/',
  'infra/docs/tutorials/',
  'infra/docs/test/',
  'services/webhook-ingest/README.md',
]
