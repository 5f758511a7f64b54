import type { OrderStatus } from '@paxyo/contracts'

/** The effect of an update on an order. */
export type Transition =
  /** Older than the current status: recorded with its delivery, nothing else. */
  | 'stale'
  | 'unchanged'
  /** The same open status; remains or start count may have moved. */
  | 'progress'
  /** The order takes the new status; no money moves. */
  | 'apply'
  /** The order takes the new status, and a person must decide. */
  | 'fail'
  /** The order takes the new status, and the undelivered part is refunded. */
  | 'refund'
  /** Like `refund`, on an order that was completed: a person must check it. */
  | 'late_refund'
  /** Partial again: a larger remainder adds to the refund, a smaller one never takes it back. */
  | 'adjust'
  /** The provider contradicts itself: a person must decide, nothing changes. */
  | 'contradiction'

/** By the order's status now, then by the update's. It is total: a missing cell does not compile. */
export const TRANSITIONS: Readonly<Record<OrderStatus, Readonly<Record<OrderStatus, Transition>>>> = {
  pending: {
    pending: 'progress',
    processing: 'apply',
    in_progress: 'apply',
    completed: 'apply',
    partial: 'refund',
    canceled: 'refund',
    failed: 'fail',
  },
  processing: {
    pending: 'stale',
    processing: 'progress',
    in_progress: 'apply',
    completed: 'apply',
    partial: 'refund',
    canceled: 'refund',
    failed: 'fail',
  },
  in_progress: {
    pending: 'stale',
    processing: 'stale',
    in_progress: 'progress',
    completed: 'apply',
    partial: 'refund',
    canceled: 'refund',
    failed: 'fail',
  },
  completed: {
    pending: 'stale',
    processing: 'stale',
    in_progress: 'stale',
    completed: 'unchanged',
    partial: 'late_refund',
    canceled: 'late_refund',
    failed: 'contradiction',
  },
  partial: {
    pending: 'stale',
    processing: 'stale',
    in_progress: 'stale',
    completed: 'contradiction',
    partial: 'adjust',
    canceled: 'refund',
    failed: 'contradiction',
  },
  canceled: {
    pending: 'stale',
    processing: 'stale',
    in_progress: 'stale',
    completed: 'contradiction',
    partial: 'contradiction',
    canceled: 'unchanged',
    failed: 'unchanged',
  },
  failed: {
    pending: 'stale',
    processing: 'stale',
    in_progress: 'stale',
    completed: 'apply',
    partial: 'refund',
    canceled: 'refund',
    failed: 'unchanged',
  },
}
