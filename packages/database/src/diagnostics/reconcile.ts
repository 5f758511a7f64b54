import type { ReadSession } from './read-session.ts'
import type { Diagnostic } from './diagnostic.ts'
import { found } from './sentences.ts'

const READ_RUNS = `
  SELECT coalesce(sum(asked), 0)::int AS asked, coalesce(sum(late), 0)::int AS late,
    (SELECT error FROM reconcile_runs WHERE ended_at IS NOT NULL ORDER BY started_at DESC LIMIT 1) AS error,
    count(ended_at)::int AS runs
  FROM reconcile_runs WHERE started_at > now() - interval '7 days'`

/** What scheduled reconciliation found in the last week: whether the webhooks can be trusted. */
export async function diagnoseReconcile(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<{ asked: number; late: number; error: string | null; runs: number }>(READ_RUNS)
  const { asked, late, error, runs } = row!
  if (runs === 0) return found('skipped', 'reconcile', 'reconcile_not_run')
  if (error !== null) return found('warning', 'reconcile', 'reconcile_failed', { error })
  return found(late === 0 ? 'ok' : 'warning', 'reconcile', 'reconcile_found', { late, count: asked })
}
