export {
  isDatabaseUnavailable,
  isRejectedByDatabase,
  isRetryable,
  NotConnectedError,
  RolledBackError,
} from './database-errors.ts'
export {
  readKeysInForce,
  readRevokedHashes,
  recordKeyUse,
  revokeEnvironmentKey,
  type KeyInForce,
} from './api-keys/keys-in-force.ts'
export {
  API_KEYS_MAX,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  type ApiKey,
  type ApiKeyLimits,
} from './api-keys/api-keys.ts'
export { apiKeyId, hashApiKey, makeApiKey, type NewApiKey } from './api-keys/api-key.ts'
export { recountTotals } from './count-totals.ts'
export { COLUMN_TYPES, createKysely, createPool, type PoolOptions } from './connect.ts'
export { findConnectionProblem } from './connection-problem.ts'
export { type AheadPositions, createAheadPositions } from './servers/ahead-positions.ts'
export { checkPrimary } from './servers/check-primary.ts'
export { connectionConfig, createClient } from './servers/connection-config.ts'
export { readReplicationState, type ReplicationState, type StandbyState } from './servers/replication-state.ts'
export type { PrimaryChange } from './servers/primary-watch.ts'
export { TIMELINE } from './servers/server-session.ts'
export { maintainPartitions, readPartitionDays, type MaintainResult } from './partitions.ts'
export { ArchiveDamagedError, ArchiveStoreError, type ArchiveStore } from './archive/archive-store.ts'
export type { ArchivedDelivery } from './archive/archived-delivery.ts'
export { createFolderStore } from './archive/folder-store.ts'
export { readArchivedDeliveries, type ArchivedDeliveries } from './archive/read-archive.ts'
export { archiveDeliveries, archivePartition, type PartitionPart } from './archive/write-archive.ts'
export { deleteOldDeliveries, type OldDeliveriesOptions, type OldDeliveriesResult } from './delete-old-deliveries.ts'
export { removeOldBodies, type BodyRetentionResult } from './delivery-bodies.ts'
export { dropOldDeliveries, type DeliveryRetentionResult } from './delivery-retention.ts'
export { readMaintenanceAgeS, recordMaintenance } from './maintenance-runs.ts'
export { pruneIdempotencyKeys } from './idempotency-keys.ts'
export { pruneOutgoingWebhooks } from './outgoing-webhooks.ts'
export { pruneReceipts } from './connection-retention.ts'
export { pruneRejectedRequests } from './rejected-requests.ts'
export { MIGRATION_NAMES, migrateToLatest } from './migrate.ts'
export { runQuery } from './run-query.ts'
export { DATABASE_ROLES, type DatabaseRole } from './roles.ts'
export type { DB as Database, OperatorPasskeys, Operators } from './schema.generated.ts'
export { roundTrip, transaction, withConnection } from './transaction.ts'
export { COMPACTED_BYTES_MAX, compactPayload, storedPayload, type StoredEvent } from './stored-event.ts'
export { textArray } from './text-array.ts'
export { WEBHOOK_PROVIDER_SQL, WEBHOOK_SERVICE_SQL } from './webhook-order.ts'
export { appendAuditEntry, type AuditEntry, insertAuditEntries } from './audit-log/append-entry.ts'
export { chainAuditCalls } from './audit-log/calls/chain-calls.ts'
export { deleteAuditCalls } from './audit-log/calls/delete-calls.ts'
export { readCallsDeletedUntil } from './audit-log/calls/deleted-calls.ts'
export { type AuditCall, insertAuditCalls } from './audit-log/calls/insert-calls.ts'
export { type AuditCallsQuery, type LoggedCall, readAuditCalls } from './audit-log/calls/read-calls.ts'
export { hashToken, makeToken, type NewToken } from './operators/one-time-token.ts'
export {
  type AuditActor,
  changeOperator,
  createOwnerLink,
  createPasswordLink,
  inviteOperator,
  listOperators,
  newOperatorId,
  type Operator,
  type OperatorChange,
  type OperatorLink,
  toOperator,
} from './operators/operators.ts'
export {
  type AuditHead,
  type AuditLogQuery,
  type LoggedEntry,
  readAuditHead,
  readAuditLog,
} from './audit-log/read-log.ts'
export { auditSigningKey, type AuditSigningKey, verifyAuditSignature } from './audit-log/signing-key.ts'
export { type AuditSignature, readAuditSignatures, readSignatureAgeS, signAuditHead } from './audit-log/sign-log.ts'
export { type AuditLogCheck, verifyAuditLog, type VerifyOptions } from './audit-log/verify-log.ts'
