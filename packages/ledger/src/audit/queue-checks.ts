import { RECORDED_OUTCOMES } from '@paxyo/contracts/data'
import { repeatsApproval, waitsForApproval } from './waits-for-approval.ts'
import type { AuditCheck, AuditLimits } from './audit-check.ts'
import { describe } from './audit-details.ts'

const DELIVERY_OUTCOMES = `
  SELECT delivery_id, ${describe('outcome', { outcome: 'outcome' })} FROM deliveries
  WHERE outcome IS NULL OR outcome NOT IN (${RECORDED_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')})`

/** Deliveries of one order with the same reason share a review, and so do a delivery and its replays. */
const DELIVERY_REVIEWS = `
  SELECT delivery_id, ${describe('review_missing', { reason: 'reason' })} FROM deliveries
  WHERE outcome = 'review'
    AND NOT EXISTS (SELECT FROM reviews WHERE reviews.delivery_id = deliveries.delivery_id)
    AND NOT EXISTS (
      SELECT FROM reviews JOIN orders USING (order_id)
      WHERE reviews.reason = deliveries.reason
        AND (orders.provider, orders.provider_order_id) = (deliveries.provider, deliveries.provider_order_id))
    AND NOT EXISTS (
      SELECT FROM reviews JOIN provider_order_changes AS change USING (order_id)
      WHERE reviews.reason = deliveries.reason
        AND (change.former_provider, change.former_provider_order_id) =
          (deliveries.provider, deliveries.provider_order_id))
    AND (replay_of IS NULL OR NOT EXISTS (
      SELECT FROM reviews JOIN deliveries AS kin USING (delivery_id)
      WHERE deliveries.replay_of IN (kin.delivery_id, kin.replay_of)))`

const STUCK_DELIVERIES = `
  SELECT delivery_id, ${describe('delivery_stuck', { providerOrder: 'provider_order_id', order: 'order_id' })}
  FROM deliveries JOIN orders USING (provider, provider_order_id)
  WHERE outcome = 'parked' OR outcome = 'superseded' AND waiting_update IS NOT NULL`

const STUCK_APPROVALS = `
  SELECT delivery_id, ${describe('approval_stuck', { order: 'provider_order_id' })}
  FROM deliveries
  WHERE ${waitsForApproval('deliveries')} AND NOT ${repeatsApproval('deliveries')}
    AND NOT EXISTS (
      SELECT FROM reviews JOIN orders USING (order_id)
      WHERE reviews.reason = deliveries.reason AND resolved_at IS NULL
        AND (orders.provider, orders.provider_order_id) = (deliveries.provider, deliveries.provider_order_id))`

const oldOutbox = ({ outboxAgeS }: AuditLimits): string => `
  SELECT batch_id::text, ${describe('outbox_old', { count: 'cardinality(seqs)', since: 'created_at' })}
  FROM outbox WHERE created_at < now() - interval '${outboxAgeS} seconds'`

const oldChanges = ({ outboxAgeS }: AuditLimits): string => `
  SELECT feed_id::text, ${describe('change_old', { since: 'created_at' })}
  FROM change_feed WHERE last_position IS NULL AND created_at < now() - interval '${outboxAgeS} seconds'`

const oldOutgoing = ({ parkedAgeS }: AuditLimits): string => `
  SELECT webhook_id::text, ${describe('outgoing_old', {
    type: 'type',
    subject: 'subject',
    state: 'state',
    since: 'outgoing_webhooks.created_at',
  })}
  FROM outgoing_webhooks JOIN outgoing_webhook_endpoints USING (endpoint_id)
  WHERE state = 'dead' OR is_enabled AND state = 'pending' AND outgoing_webhooks.created_at < now() - interval '${parkedAgeS} seconds'`

const oldParked = ({ parkedAgeS }: AuditLimits): string => `
  SELECT delivery_id, ${describe('parked_old', { outcome: 'outcome', order: 'provider_order_id', since: 'received_at' })}
  FROM deliveries WHERE outcome IN ('parked', 'awaiting_verification') AND received_at < now() - interval '${parkedAgeS} seconds'`

const oldReviews = ({ reviewAgeS }: AuditLimits): string => `
  SELECT review_id::text, ${describe('review_old', { reason: 'reason', order: 'order_id', since: 'opened_at' })}
  FROM reviews WHERE resolved_at IS NULL AND opened_at < now() - interval '${reviewAgeS} seconds'`

export const QUEUE_CHECKS: readonly AuditCheck[] = [
  { name: 'delivery-outcomes', title: 'every delivery has an outcome', sql: () => DELIVERY_OUTCOMES },
  {
    name: 'delivery-reviews',
    title: 'every delivery with the outcome review has a review',
    sql: () => DELIVERY_REVIEWS,
  },
  { name: 'stuck-deliveries', title: 'no delivery waits for a registered order', sql: () => STUCK_DELIVERIES },
  {
    name: 'stuck-approvals',
    title: 'a refund that waits for an approval has an open review',
    sql: () => STUCK_APPROVALS,
  },
  { name: 'outbox-age', title: 'no event waits long to be published', sql: (limits) => oldOutbox(limits) },
  { name: 'change-age', title: 'no change waits long for its place in the feed', sql: (limits) => oldChanges(limits) },
  {
    name: 'outgoing-webhook-age',
    title: 'no outgoing webhook waits long, or was given up',
    sql: (limits) => oldOutgoing(limits),
  },
  {
    name: 'parked-age',
    title: 'no delivery waits long for its order or its verification',
    sql: (limits) => oldParked(limits),
  },
  { name: 'review-age', title: 'no review stays open for long', sql: (limits) => oldReviews(limits) },
]
