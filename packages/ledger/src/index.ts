export { actionNeeds, actOnOrder, type DoneAction, type OrderAction } from './account-writes/act-on-order.ts'
export { deposit, depositNeeds, type Deposit, type Deposited, type DepositRejection } from './account-writes/deposit.ts'
export { createAccountWrites, type AccountWrite, type AccountWrites } from './account-writes/account-writes.ts'
export { createAccountImportCheck } from './accounts/check-account-import.ts'
export { importAccounts, type AccountImportResult, type ImportedAccount } from './accounts/import-accounts.ts'
export { openAccount } from './accounts/open-account.ts'
export { copyAccounts, findAccount } from './accounts/read-accounts.ts'
export { readBacklog, type Backlog } from './audit/backlog.ts'
export { appendChanges } from './change-feed/append-changes.ts'
export { createChangeFeed, HELD_REQUESTS_MAX, type ChangeFeed } from './change-feed/change-feed.ts'
export type {
  AccountChange,
  Change,
  ChangedOrder,
  ChangedReview,
  OrderChange,
  ReviewChange,
} from './change-feed/change.ts'
export {
  readChangeFeedHead,
  readChanges,
  type ChangeFeedHead,
  type ChangePage,
  type UnusableCursor,
} from './change-feed/read-changes.ts'
export { createDatabaseWatch, type DatabaseWatch } from './database-watch/database-watch.ts'
export {
  createBatcher,
  NOT_COMMITTED_REASONS,
  type Batcher,
  type BatcherOptions,
  type NotCommitted,
} from './deliveries/batcher.ts'
export { replayDeliveries, type ReplayDeps, type ReplayResult } from './deliveries/replay-deliveries.ts'
export { toDeliveries, type UpdatesSource } from './deliveries/to-deliveries.ts'
export { commitDeliveries } from './deliveries/commit-deliveries.ts'
export { reviewUnregistered } from './deliveries/review-unregistered.ts'
export type { ChangeSet, LedgerEntry } from './model/change-set.ts'
export type { Delivery, DeliveryResult, Verification } from './model/delivery.ts'
export { newId, type NewId } from './model/new-id.ts'
export type { ProviderOrder } from './model/provider-order.ts'
export type { Account, Order } from './model/working-set.ts'
export { createOrderImportCheck } from './orders/check-order-import.ts'
export { attachProviderOrder, type Attached, type AttachRejection } from './orders/attach-provider-order.ts'
export { importOrders, type ImportedOrder, type OrderImportResult } from './orders/import-orders.ts'
export { registerOrders, type Registered, type RegistrationRejection } from './orders/register-orders.ts'
export { outcomesOf, type RegistrationOutcomes } from './orders/registration-outcomes.ts'
export { readProviderOrdersOfUser } from './orders/read-provider-orders.ts'
export type { Registration } from './orders/registration.ts'
export { createOutbox, type Outbox, type OutboxOptions } from './outbox/outbox.ts'
export { createOperationsPublisher, type OperationsPublisher } from './operations/operations-publisher.ts'
export { summarizeDays, type Days, type DaySums } from './overview/days.ts'
export { search, type Found, type FoundOrder } from './overview/search.ts'
export { summarizeToday, type FailingEndpoint, type TodaySummary } from './overview/today.ts'
export { createOutgoingQueue, type OutgoingQueue } from './outgoing-webhooks/outgoing-queue.ts'
export { RETRY_DELAYS_MS, retryDelayMs } from './outgoing-webhooks/retry-schedule.ts'
export type { Attempt, ClaimedWebhook, RecordedAttempt } from './outgoing-webhooks/send-queue.ts'
export type { FullOutgoingWebhookRow, OutgoingWebhookRow } from './outgoing-webhooks/stored-webhooks.ts'
export {
  createWebhookEndpoints,
  ENVIRONMENT_ENDPOINT,
  type StoredEndpoint,
  type WebhookEndpoints,
} from './outgoing-webhooks/webhook-endpoints.ts'
export { formatFeedCursor, parseFeedCursor, type FeedCursor, whyUnusable } from './feed/feed-cursor.ts'
export { readRefundFeed, type RefundPage } from './refund-feed/read-refund-feed.ts'
export type { Refund } from './refund-feed/refund.ts'
export { createReconcileRuns, type ReconcileCounts, type ReconcileRuns } from './reconcile/reconcile-runs.ts'
export { reconcile, RECONCILE_ORDERS_MAX, type ReconcileDeps, type ReconcileRequest } from './reconcile/reconcile.ts'
export type { AskedOrders } from './reconcile/asked-orders.ts'
export type { ReconcileError, ReconcileReport } from './reconcile/reconcile-report.ts'
export {
  createRejectedRequests,
  type FullRejectedRow,
  type RejectedRequest,
  type RejectedRequests,
  type RejectedRow,
} from './rejected-requests/rejected-requests.ts'
export { replayRejected, type RejectedReplay, type ReplayRejectedDeps } from './rejected-requests/replay-rejected.ts'
export {
  createMappedWords,
  loadMappedWords,
  mapWord,
  type MappedWord,
  type MappedWords,
  type Remapped,
  type WordMapping,
  type WordMappingRejection,
  type WordMeaning,
} from './reviews/mapped-words.ts'
export { previewResolutions, type BulkPreview, type BulkResolution } from './reviews/preview-resolutions.ts'
export { previewWord, type WordPreview, type WordPreviewRejection } from './reviews/preview-word.ts'
export { replayWord, type ReplayedWord, type WordReplayRejection } from './reviews/replay-word.ts'
export { readUnknownWord, type UnknownWord } from './reviews/unknown-word.ts'
export { proposeRefund, readWaitingUpdates } from './reviews/proposed-refund.ts'
export { resolveReview, type Resolution, type ResolutionRejection } from './reviews/resolve-review.ts'
export { commitChangeSet, type BatchOutbox, type LedgerDeps } from './transaction/commit-change-set.ts'
export { commitOnce, type OnceWork } from './transaction/commit-once.ts'
export type { AuditedOutcome, AuditedRequest, AuditedWork, SuccessResponse } from './transaction/record-response.ts'
export type { IdempotentRequest, WrittenResponse } from './transaction/stored-responses.ts'
export { createGrouping, type Grouping } from './transaction/grouping.ts'
export type { ImportDeps } from './transaction/commit-import.ts'
export { PUBLISHED_BY_SERVICES } from './transaction/published-by-services.ts'
export type { ApplyRules, LedgerTransaction } from './transaction/ledger-transaction.ts'
export { toAccount, type AccountRow } from './transaction/account-rows.ts'
export { readEpoch } from './transaction/read-epoch.ts'
export { ORDER_COLUMNS, toOrder, type OrderRow } from './transaction/read-working-set.ts'
export { panelView, type PanelView } from './transaction/record-event.ts'
export {
  createVerificationQueue,
  type VerificationClaim,
  type VerificationQueue,
} from './verification/verification-queue.ts'
export { readReceipts, type EventReceipt } from './connections/read-receipts.ts'
export { revokeToken, type TokenClaims } from './connections/revoke-token.ts'
export { setCutoff, type SetCutoff } from './connections/set-cutoff.ts'
export { storeReceipts } from './connections/store-receipts.ts'
export { eraseUser, type ErasureRequest } from './erasure/erase-user.ts'
export { createErasureWorker } from './erasure/erasure-worker.ts'
export { previewErasure, type ErasurePreview } from './erasure/preview-erasure.ts'
