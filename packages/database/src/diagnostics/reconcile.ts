import type { ReadSession } from './read-session.ts'
import { ok, skipped, warning, type Diagnostic } from './diagnostic.ts'

const READ_RUNS = `
  SELECT coalesce(sum(asked), 0)::int AS asked, coalesce(sum(late), 0)::int AS late,
    (SELECT error FROM reconcile_runs WHERE ended_at IS NOT NULL ORDER BY started_at DESC LIMIT 1) AS error,
    count(ended_at)::int AS runs
  FROM reconcile_runs WHERE started_at > now() - interval '7 days'`

/** What scheduled reconciliation found in the last week: whether the webhooks can be trusted. */
export async function diagnoseReconcile(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<{ asked: number; late: number; error: string | null; runs: number }>(READ_RUNS)
  const { asked, late, error, runs } = row!
  if (runs === 0)
    return skipped('reconcile', 'scheduled reconciliation has not run for a week (RECONCILE_EVERY_MINUTES)')
  if (error !== null) {
    return warning('reconcile', `the last run could not ask: ${error}`, 'Correct the URL or the key of its API.')
  }
  const found = `${late} of ${asked} silent orders had ended at the provider without a webhook in the last 7 days`
  if (late === 0) return ok('reconcile', found)
  return warning('reconcile', found, 'Does the provider call the webhook for every order? See PaxyoWebhooksMissed.')
}
