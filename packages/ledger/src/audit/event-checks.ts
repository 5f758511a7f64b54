import type { AuditCheck } from './audit-check.ts'
import { describe } from './audit-details.ts'

/**
 * The start of the retained events: the beginning of the oldest daily partition. A later change must have its event; the
 * event of an earlier one may have been dropped.
 */
const KEPT_SINCE = `(
  SELECT coalesce(min(substring(pg_get_expr(relpartbound, oid) FROM $$FROM \\('([^']+)'\\)$$)::timestamptz), '-infinity')
  FROM pg_class JOIN pg_inherits ON inhrelid = oid
  WHERE inhparent = 'events'::regclass AND pg_get_expr(relpartbound, oid) <> 'DEFAULT'
)`

/** Compares seqs within the retained events. STREAM_ENDS checks that the newest event is there. */
const SEQ_GAPS = `
  SELECT user_id, CASE seq - before
    WHEN 0 THEN ${describe('seq_twice', { seq: 'seq' })}
    ELSE ${describe('seqs_missing', { first: 'before + 1', last: 'seq - 1' })}
  END
  FROM (SELECT user_id, seq, lag(seq) OVER (PARTITION BY user_id ORDER BY seq) AS before FROM events) AS streams
  WHERE seq - before <> 1`

const STREAM_ENDS = `
  SELECT user_id, ${describe('stream_end', { last: 'last_seq', newest: 'newest' })}
  FROM accounts
  FULL JOIN (SELECT user_id, max(seq) AS newest FROM events GROUP BY user_id) AS streams USING (user_id)
  WHERE last_seq IS DISTINCT FROM newest
    AND (newest IS NOT NULL OR last_seq > 0 AND EXISTS (
      SELECT FROM orders WHERE orders.user_id = accounts.user_id AND orders.updated_at >= ${KEPT_SINCE}))`

/** A refund and its event belong to one transaction, and so have the same timestamp. */
const REFUND_EVENTS = `
  SELECT entry_id::text, ${describe('refund_event', { amount: 'amount', user: 'user_id', order: 'order_id' })}
  FROM ledger_entries AS entry
  WHERE kind = 'refund' AND created_at >= ${KEPT_SINCE}
    AND NOT EXISTS (SELECT FROM events WHERE events.user_id = entry.user_id AND events.at = entry.created_at)`

const SHOWN_BALANCES = `
  SELECT user_id, ${describe('shown_balance', { balance: 'balance', seq: 'last_seq', shown: 'shown' })}
  FROM (
    SELECT accounts.user_id, balance, last_seq, event_payload(events)::json #>> '{account,balance}' AS shown
    FROM accounts JOIN events ON events.user_id = accounts.user_id AND events.seq = accounts.last_seq
  ) AS newest
  WHERE shown IS NULL OR shown::numeric <> balance`

const OUTBOX_EVENTS = `
  SELECT batch_id::text, ${describe('outbox_event', { seq: 'waiting.seq', user: 'waiting.user_id' })}
  FROM outbox, unnest(user_ids, seqs) AS waiting (user_id, seq)
  WHERE NOT EXISTS (SELECT FROM events WHERE events.user_id = waiting.user_id AND events.seq = waiting.seq)
    AND created_at >= ${KEPT_SINCE}`

/** The feed begins with the first event after its migration. */
const CHANGE_EVENTS = `
  SELECT user_id, ${describe('change_missing', { seq: 'seq' })}
  FROM (
    SELECT user_id, seq FROM events WHERE at > (SELECT min(created_at) FROM change_feed)
    EXCEPT
    SELECT user_id, seq FROM change_feed, unnest(user_ids, seqs) AS change (user_id, seq)
  ) AS missing
  UNION ALL
  SELECT coalesce(user_ids[1], review_ids[1]::text), ${describe('change_gap', { position: 'last_position', before: 'before' })}
  FROM (
    SELECT user_ids, review_ids, last_position, lag(last_position) OVER (ORDER BY last_position) AS before,
      coalesce(cardinality(user_ids), cardinality(review_ids)) AS size
    FROM change_feed WHERE last_position IS NOT NULL
  ) AS feed
  WHERE last_position - size <> before`

export const EVENT_CHECKS: readonly AuditCheck[] = [
  { name: 'seq-gaps', title: "a user's events are numbered without gaps", sql: () => SEQ_GAPS },
  { name: 'stream-ends', title: "an account's last seq is that of its newest event", sql: () => STREAM_ENDS },
  { name: 'refund-events', title: 'every refund has an event', sql: () => REFUND_EVENTS },
  { name: 'shown-balances', title: 'the newest event shows the balance', sql: () => SHOWN_BALANCES },
  { name: 'outbox-events', title: 'every event in the outbox exists', sql: () => OUTBOX_EVENTS },
  { name: 'change-events', title: 'the changes feed has every event, without gaps', sql: () => CHANGE_EVENTS },
]
