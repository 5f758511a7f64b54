import type { BatchOutbox } from '../transaction/commit-change-set.ts'

/**
 * The outbox of a command without a bus. It publishes nothing: its events stay in the outbox table, where the running
 * services find them within seconds, and a standalone within half a second.
 */
export const PUBLISHED_BY_SERVICES: BatchOutbox = {
  takePublished: () => [],
  returnPublished: () => undefined,
  isCheckDue: () => false,
  sawOldRows: () => undefined,
  outcomeUnknown: () => undefined,
  publish: () => undefined,
}
