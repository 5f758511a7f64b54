import type { ReadSession } from './read-session.ts'
import type { Diagnostic } from './diagnostic.ts'
import { found } from './sentences.ts'

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
export async function diagnosePartitions(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<{ ahead: number; today: boolean }>(READ_PARTITIONS)
  const { ahead, today } = row!
  if (!today) return found('warning', 'partitions', 'partitions_missing')
  if (ahead < 3) return found('warning', 'partitions', 'partitions_few', { count: ahead })
  return found('ok', 'partitions', 'partitions_ready')
}

const READ_OUTBOX = `
  SELECT count(*)::int AS batches, coalesce(extract(epoch FROM now() - min(created_at)), 0)::int AS "ageS" FROM outbox`

export async function diagnoseOutbox(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<{ batches: number; ageS: number }>(READ_OUTBOX)
  const { batches, ageS } = row!
  if (batches === 0) return found('ok', 'outbox', 'outbox_empty')
  const status = ageS > OUTBOX_AGE_FAILED_S ? 'failed' : ageS > OUTBOX_AGE_WARNING_S ? 'warning' : 'ok'
  return found(status, 'outbox', 'outbox_waiting', { count: batches, seconds: ageS })
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
export async function diagnoseWaiting(database: ReadSession): Promise<readonly Diagnostic[]> {
  const [row] = await database.query<Waiting>(READ_WAITING)
  const { parkedAgeS, reviewAgeS, rejected } = row!
  return [
    parkedAgeS > PARKED_AGE_WARNING_S
      ? found('warning', 'parked', 'parked_waiting', { count: days(parkedAgeS) })
      : found('ok', 'parked', 'parked_none_long'),
    reviewAgeS > REVIEW_AGE_WARNING_S
      ? found('warning', 'reviews', 'reviews_open', { count: days(reviewAgeS) })
      : found('ok', 'reviews', 'reviews_none_long'),
    rejected > 0
      ? found('warning', 'rejected', 'rejected_kept', { count: rejected })
      : found('ok', 'rejected', 'rejected_none'),
    ...diagnoseChanges(row!),
  ]
}

/** What the panel's own database follows. */
function diagnoseChanges({ changeAgeS, outgoingAgeS, dead }: Waiting): readonly Diagnostic[] {
  return [
    changeAgeS > CHANGE_AGE_WARNING_S
      ? found('warning', 'changes', 'changes_missing', { seconds: changeAgeS })
      : found('ok', 'changes', 'changes_complete'),
    outgoingAgeS > OUTGOING_AGE_WARNING_S || dead > 0
      ? found('warning', 'outgoing-webhooks', 'outgoing_waiting', { seconds: outgoingAgeS, count: dead })
      : found('ok', 'outgoing-webhooks', 'outgoing_none_waiting'),
  ]
}

const days = (seconds: number): number => Math.floor(seconds / 86_400)
