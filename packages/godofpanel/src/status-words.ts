import type { OrderStatus } from '@paxyo/contracts'
import type { StatusMap } from '@paxyo/order-core'
import { normalizeName } from './update-fields.ts'

/** The status words of GodOfPanel and similar providers, and their meaning. */
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
  // A refill replaces losses after the end of the order.
  refill: 'ignore',
  refilling: 'ignore',
  refilled: 'ignore',
  'refill pending': 'ignore',
  'refill in progress': 'ignore',
  'refill completed': 'ignore',
  'refill rejected': 'ignore',
}

/** Returns the status that a word means, or `unknown`; it never guesses. */
export type ReadStatus = (word: string) => OrderStatus | 'ignored' | 'unknown'

/**
 * Creates a reader of a provider's status words. The provider's own map takes precedence over the words that all
 * providers of this format use. Case, spaces, `_` and `-` are ignored.
 *
 * @example createStatusReader({ '5': 'canceled' })('5') // 'canceled'
 */
export const createStatusReader = (statusMap: StatusMap = {}): ReadStatus => readerOf(STATUS_WORDS, statusMap)

/** Reads the words of these maps only; a later map takes precedence. */
export function readerOf(...maps: readonly StatusMap[]): ReadStatus {
  const statuses = new Map<string, OrderStatus | 'ignored'>(
    maps
      .flatMap(Object.entries<StatusMap[string]>)
      .map(([word, status]) => [normalizeName(word), status === 'ignore' ? 'ignored' : status]),
  )
  return (word) => statuses.get(normalizeName(word)) ?? 'unknown'
}
