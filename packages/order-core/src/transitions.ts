import type { OrderStatus } from '@paxyo/contracts'

/** What an update does to an order. */
export type Transition =
  /** Overtaken by what is already known: recorded with its delivery, nothing else. */
  | 'stale'
  | 'unchanged'
  /** The same open status; remains or start count may have moved. */
  | 'progress'
  /** The order takes the new status; no money moves. */
  | 'apply'
  /** The order takes the new status and somebody must look at it. */
  | 'fail'
  /** The order takes the new status and the undelivered part is paid back. */
  | 'refund'
  /** As `refund`, on an order that was said to be completed: somebody must look at it. */
  | 'late_refund'
  /** Partial again: a larger rest is topped up, a smaller one is never clawed back. */
  | 'adjust'
  /** The provider contradicts itself: somebody must look at it, nothing changes. */
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
    pending: 'apply',
    processing: 'apply',
    in_progress: 'apply',
    completed: 'apply',
    partial: 'refund',
    canceled: 'refund',
    failed: 'unchanged',
  },
}
