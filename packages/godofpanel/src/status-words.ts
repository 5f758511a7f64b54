import type { OrderStatus } from '@paxyo/contracts'
import type { StatusMap } from '@paxyo/order-core'

/** What GodOfPanel and its kin write, and what it means. */
export const STATUS_WORDS: StatusMap = {
  pending: 'pending',
  queued: 'pending',
  new: 'pending',
  awaiting: 'pending',
  processing: 'processing',
  process: 'processing',
  'in progress': 'in_progress',
  progress: 'in_progress',
  active: 'in_progress',
  completed: 'completed',
  complete: 'completed',
  success: 'completed',
  partial: 'partial',
  'partially completed': 'partial',
  'partially refunded': 'partial',
  canceled: 'canceled',
  cancelled: 'canceled',
  cancel: 'canceled',
  refunded: 'canceled',
  refund: 'canceled',
  refunds: 'canceled',
  failed: 'failed',
  fail: 'failed',
  error: 'failed',
  rejected: 'failed',
  // A refill gives back what was lost after the order ended.
  refill: 'ignore',
  refilling: 'ignore',
  refilled: 'ignore',
  'refill pending': 'ignore',
  'refill in progress': 'ignore',
  'refill completed': 'ignore',
  'refill rejected': 'ignore',
}

/** The status that a word means, or `unknown`: a word is never guessed at. */
export type ReadStatus = (word: string) => OrderStatus | 'ignored' | 'unknown'

/**
 * Makes a reader of a provider's words: those of its own map first, then the ones that every provider of this format
 * uses. Case, spaces, `_` and `-` make no difference.
 *
 * @example createStatusReader({ '5': 'canceled' })('5') // 'canceled'
 */
export function createStatusReader(statusMap: StatusMap = {}): ReadStatus {
  const statuses = new Map<string, OrderStatus | 'ignored'>(
    [...Object.entries(STATUS_WORDS), ...Object.entries(statusMap)].map(([word, status]) => [
      normalize(word),
      status === 'ignore' ? 'ignored' : status,
    ]),
  )
  return (word) => statuses.get(normalize(word)) ?? 'unknown'
}

const normalize = (word: string): string => word.toLowerCase().replace(/[\s_-]/g, '')
