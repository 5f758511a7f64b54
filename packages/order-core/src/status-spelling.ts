import type { OrderStatus } from '@paxyo/contracts'

/** What providers write, lower-cased and without spaces, underscores and hyphens, and what it means. */
const STATUS_BY_SPELLING: ReadonlyMap<string, OrderStatus> = new Map([
  ['pending', 'pending'],
  ['queued', 'pending'],
  ['new', 'pending'],
  ['awaiting', 'pending'],
  ['processing', 'processing'],
  ['inprogress', 'in_progress'],
  ['active', 'in_progress'],
  ['completed', 'completed'],
  ['complete', 'completed'],
  ['success', 'completed'],
  ['partial', 'partial'],
  ['partiallycompleted', 'partial'],
  ['canceled', 'canceled'],
  ['cancelled', 'canceled'],
  ['cancel', 'canceled'],
  ['refunded', 'canceled'],
  ['failed', 'failed'],
  ['fail', 'failed'],
  ['error', 'failed'],
  ['rejected', 'failed'],
])

/** The status that a provider's spelling means, or `unknown`: a spelling is never guessed at. */
export function normalizeStatus(spelling: string): OrderStatus | 'unknown' {
  return STATUS_BY_SPELLING.get(spelling.toLowerCase().replace(/[\s_-]/g, '')) ?? 'unknown'
}
