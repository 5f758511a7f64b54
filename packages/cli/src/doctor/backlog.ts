import type { DatabaseSession } from '../connect-database.ts'
import { failed, ok, warning, type Diagnostic } from './diagnostic.ts'

/** A batch is published right after its commit; the next batch, or the drain every 30 s, deletes its row. */
const OUTBOX_AGE_WARNING_S = 60
const OUTBOX_AGE_FAILED_S = 300
const PARKED_AGE_WARNING_S = 24 * 3600
const REVIEW_AGE_WARNING_S = 7 * 24 * 3600
/** The services append every change within seconds. */
const CHANGE_AGE_WARNING_S = 60
const OUTGOING_AGE_WARNING_S = 15 * 60

const READ_PARTITIONS = `
  SELECT count(*) FILTER (WHERE n > 0 AND is_there)::int AS ahead, bool_and(is_there) FILTER (WHERE n = 0) AS today
  FROM (
    SELECT n, bool_and(to_regclass(format('%s_%s', parent, to_char((now() AT TIME ZONE 'UTC')::date + n, 'YYYY_MM_DD')))
      IS NOT NULL) AS is_there
    FROM generate_series(0, 3) AS days (n), unnest(ARRAY['events', 'deliveries']) AS parent
    GROUP BY n
  ) AS partitions`

/** Rows without a partition for their day go into the default one, which retention cannot drop by day. */
export async function diagnosePartitions(database: DatabaseSession): Promise<Diagnostic> {
  const [row] = await database.query<{ ahead: number; today: boolean }>(READ_PARTITIONS)
  const { ahead, today } = row!
  if (today && ahead === 3) return ok('partitions', 'events and deliveries have partitions for the next days')
  const message = today
    ? `events and deliveries have partitions for only ${ahead} of the next 3 days`
    : 'events or deliveries have no partition for today'
  return warning('partitions', message, 'Run paxyo maintain now, and then daily (cron, or a CronJob).')
}

const READ_OUTBOX = `
  SELECT count(*)::int AS batches, coalesce(extract(epoch FROM now() - min(created_at)), 0)::int AS "ageS" FROM outbox`

export async function diagnoseOutbox(database: DatabaseSession): Promise<Diagnostic> {
  const [row] = await database.query<{ batches: number; ageS: number }>(READ_OUTBOX)
  const { batches, ageS } = row!
  const message = `${batches} batches are not published yet, the oldest for ${ageS} s`
  const hint = 'Is webhook-ingest running, and can it reach Redis? Its log has the reason of a failed publish.'
  if (ageS > OUTBOX_AGE_FAILED_S) return failed('outbox', message, hint)
  if (ageS > OUTBOX_AGE_WARNING_S) return warning('outbox', message, hint)
  return ok('outbox', batches === 0 ? 'every batch is published' : message)
}

const READ_WAITING = `
  SELECT
    (SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)::int FROM deliveries WHERE outcome = 'parked')
      AS "parkedAgeS",
    (SELECT coalesce(extract(epoch FROM now() - min(opened_at)), 0)::int FROM reviews WHERE resolved_at IS NULL)
      AS "reviewAgeS",
    (SELECT count(*)::int FROM rejected_requests WHERE replayed_at IS NULL) AS rejected,
    (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::int FROM change_feed WHERE last_position IS NULL)
      AS "changeAgeS",
    (SELECT coalesce(extract(epoch FROM now() - min(webhook.created_at)), 0)::int
     FROM outgoing_webhooks AS webhook JOIN outgoing_webhook_endpoints USING (endpoint_id)
     WHERE is_enabled AND state = 'pending') AS "outgoingAgeS",
    (SELECT count(*)::int FROM outgoing_webhooks WHERE state = 'dead') AS dead`

interface Waiting {
  readonly parkedAgeS: number
  readonly reviewAgeS: number
  readonly rejected: number
  readonly changeAgeS: number
  readonly outgoingAgeS: number
  readonly dead: number
}

/** Deliveries that wait for a registration, reviews that wait for a person, and webhooks that could not be read. */
export async function diagnoseWaiting(database: DatabaseSession): Promise<readonly Diagnostic[]> {
  const [row] = await database.query<Waiting>(READ_WAITING)
  const { parkedAgeS, reviewAgeS, rejected } = row!
  return [
    parkedAgeS > PARKED_AGE_WARNING_S
      ? warning(
          'parked',
          `a delivery has been waiting ${days(parkedAgeS)} for its order to be registered`,
          'Does the panel register every order? List them: paxyo deliveries list --outcome parked.',
        )
      : ok('parked', 'no delivery has been waiting long for its order'),
    reviewAgeS > REVIEW_AGE_WARNING_S
      ? warning('reviews', `a review has been open for ${days(reviewAgeS)}`, 'List them: paxyo reviews list.')
      : ok('reviews', 'no review has been open for long'),
    rejected > 0
      ? warning('rejected', `${rejected} webhooks could not be read and are kept`, 'List them: paxyo rejected list.')
      : ok('rejected', 'every authenticated webhook could be read'),
    ...diagnoseChanges(row!),
  ]
}

/** What the panel's own database follows. */
function diagnoseChanges({ changeAgeS, outgoingAgeS, dead }: Waiting): readonly Diagnostic[] {
  return [
    changeAgeS > CHANGE_AGE_WARNING_S
      ? warning(
          'changes',
          `a change has been missing from the changes feed for ${changeAgeS} s`,
          'Is webhook-ingest running?',
        )
      : ok('changes', 'every change is in the changes feed'),
    outgoingAgeS > OUTGOING_AGE_WARNING_S || dead > 0
      ? warning(
          'outgoing-webhooks',
          `the oldest outgoing webhook has waited for ${outgoingAgeS} s, and ${dead} were given up`,
          'List them: paxyo outgoing-webhooks list. Try the receiver: paxyo outgoing-webhooks ping.',
        )
      : ok('outgoing-webhooks', 'no outgoing webhook has been waiting long'),
  ]
}

const days = (seconds: number): string => `${Math.floor(seconds / 86_400)} days`
