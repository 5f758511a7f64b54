import { Kysely, PostgresDialect } from 'kysely'
import type { Migration } from 'kysely/migration'
import pg from 'pg'
import { applyMigrations } from './apply-migrations.ts'
import { countTotals } from './count-totals.ts'
import { createIndexes } from './concurrent-indexes.ts'
import { determineBalanceModes } from './determine-balance-modes.ts'
import { maintainEventPartitions } from './event-partitions.ts'
import * as tables from './migrations/0001-tables.ts'
import * as roles from './migrations/0002-roles.ts'
import * as verifications from './migrations/0003-confirmations.ts'
import * as panelApi from './migrations/0004-panel-api.ts'
import * as backOffice from './migrations/0005-back-office.ts'
import * as ordersFromElsewhere from './migrations/0006-orders-from-elsewhere.ts'
import * as openOrders from './migrations/0007-open-orders.ts'
import * as leanIndexes from './migrations/0008-lean-indexes.ts'
import * as waitingUpdates from './migrations/0009-waiting-updates.ts'
import * as paymentRefs from './migrations/0010-payment-refs.ts'
import * as standardTerms from './migrations/0011-standard-terms.ts'
import * as rejectedRequests from './migrations/0012-rejected-requests.ts'
import * as countedReviews from './migrations/0013-counted-reviews.ts'
import * as operatorActions from './migrations/0014-operator-actions.ts'
import * as providerOrderChanges from './migrations/0016-provider-order-changes.ts'
import * as dripFeedAndWaiting from './migrations/0017-drip-feed-and-waiting.ts'
import * as reconciliations from './migrations/0018-reconciliations.ts'
import * as statusWords from './migrations/0019-status-words.ts'
import * as changeFeed from './migrations/0022-change-feed.ts'
import * as outgoingWebhookEndpoints from './migrations/0023-outgoing-webhook-endpoints.ts'
import * as verifiedAgain from './migrations/0024-verified-again.ts'
import * as accountTotals from './migrations/0026-account-totals.ts'
import * as gatewayReadsOutbox from './migrations/0029-gateway-reads-outbox.ts'
import * as connectionCutoffs from './migrations/0030-connection-cutoffs.ts'
import * as receipts from './migrations/0031-receipts.ts'
import * as balancesHaveEntries from './migrations/0032-balances-have-entries.ts'
import * as operators from './migrations/0033-operators.ts'
import * as auditLog from './migrations/0034-audit-log.ts'
import * as scopedKeys from './migrations/0035-scoped-keys.ts'
import * as operationsTickets from './migrations/0037-operations-tickets.ts'
import * as revokedTokens from './migrations/0039-revoked-tokens.ts'
import * as balanceModes from './migrations/0041-balance-modes.ts'
import * as passkeys from './migrations/0043-passkeys.ts'

/** In order of their names. A migration that has been released is never edited. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-tables': tables,
  '0002-roles': roles,
  '0003-confirmations': verifications,
  '0004-panel-api': panelApi,
  '0005-back-office': backOffice,
  '0006-orders-from-elsewhere': ordersFromElsewhere,
  '0007-open-orders': openOrders,
  '0008-lean-indexes': leanIndexes,
  '0009-waiting-updates': waitingUpdates,
  '0010-payment-refs': paymentRefs,
  '0011-standard-terms': standardTerms,
  '0012-rejected-requests': rejectedRequests,
  '0013-counted-reviews': countedReviews,
  '0014-operator-actions': operatorActions,
  '0016-provider-order-changes': providerOrderChanges,
  '0017-drip-feed-and-waiting': dripFeedAndWaiting,
  '0018-reconciliations': reconciliations,
  '0019-status-words': statusWords,
  '0022-change-feed': changeFeed,
  '0023-outgoing-webhook-endpoints': outgoingWebhookEndpoints,
  '0024-verified-again': verifiedAgain,
  '0026-account-totals': accountTotals,
  '0029-gateway-reads-outbox': gatewayReadsOutbox,
  '0030-connection-cutoffs': connectionCutoffs,
  '0031-receipts': receipts,
  '0032-balances-have-entries': balancesHaveEntries,
  '0033-operators': operators,
  '0034-audit-log': auditLog,
  '0035-scoped-keys': scopedKeys,
  '0037-operations-tickets': operationsTickets,
  '0039-revoked-tokens': revokedTokens,
  '0041-balance-modes': balanceModes,
  '0043-passkeys': passkeys,
}

/** The names of all migrations, as the table `kysely_migration` of a database that is up to date lists them. */
export const MIGRATION_NAMES: readonly string[] = Object.keys(MIGRATIONS).toSorted()

/**
 * Migrates a database to the latest version, as its owner: schema, roles, the event partitions of the next days, the
 * totals and modes of accounts that have none, and indexes for searches, in separate transactions. Concurrent calls run
 * the migrations one after the other. Services of the version before may run meanwhile.
 *
 * @returns the names of the migrations that this call applied.
 * @throws MigrationLockedError when other transactions hold locks for minutes.
 * @example
 * await migrateToLatest(databaseUrl) //=> []
 */
export async function migrateToLatest(ownerUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2, application_name: 'paxyo-migrate' })
  // A broken connection fails the statement that is waiting for it; an idle one does not matter.
  pool.on('error', () => undefined)
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    const applied = await applyMigrations(db, MIGRATIONS)
    await maintainEventPartitions(pool, new Date())
    await countTotals(pool)
    await determineBalanceModes(pool)
    await createIndexes(pool)
    return applied
  } finally {
    await db.destroy()
  }
}
