import { insertAuditEntries } from '@paxyo/database'
import type { PoolClient } from 'pg'
import { combineStatements, type StatementPart } from './combine-statements.ts'
import { deletePublished } from './delete-published.ts'
import {
  INSERT_ACTIONS,
  INSERT_AWAITING,
  INSERT_DELIVERIES,
  INSERT_ENTRIES,
  INSERT_EVENTS,
  INSERT_ORDERS,
  INSERT_REPEATABLE_IDS,
  WRITE_REVIEWS,
  SETTLE_VERIFICATIONS,
  SETTLE_DELIVERIES,
  UPDATE_ACCOUNTS,
  UPDATE_ORDERS,
  type BulkStatement,
} from './bulk-statements.ts'
import type { ChangeSet, DeliveryRow, Statement } from '../model/change-set.ts'
import { isRepeatable } from '../model/new-id.ts'

const FIND_OLD_OUTBOX = `
  SELECT EXISTS (SELECT FROM outbox WHERE created_at < clock_timestamp() - interval '2 seconds') AS found`

/** A COMMIT waits for the standby only when its transaction has written something: this, to the WAL alone. */
const WAIT_FOR_STANDBY = `SELECT pg_logical_emit_message(true, 'paxyo', '')`

export interface OutboxRows {
  /** The id of this transaction's outbox row. */
  readonly batchId: string
  /** Published batches, whose rows are deleted. */
  readonly publishedBatchIds: readonly string[]
  /**
   * When set, the transaction checks for rows that should be published by now, and calls this function if there are
   * any.
   */
  readonly onOldRows?: () => void
}

/**
 * Sends the statements that write a change set, without waiting for them: they share a round trip with COMMIT.
 *
 * @returns the result of each.
 */
export function writeChangeSet(
  client: PoolClient,
  changes: ChangeSet,
  { batchId, publishedBatchIds, onOldRows }: OutboxRows,
): Promise<unknown>[] {
  const { accounts, entries, events, reviews, awaiting, verified, actions, others, audit } = changes
  // Set: work that records a row has called `readClock`.
  const at = changes.at!
  const orders = Map.groupBy(changes.orders.values(), ({ orderId }) => changes.registeredOrderIds.has(orderId))
  const deliveries = Map.groupBy(changes.deliveries, hasWaited)
  const parts: StatementPart[] = []
  const add = <Row>(statement: BulkStatement<Row>, rows: readonly Row[] = []): void => {
    if (rows.length > 0) parts.push(withValues(statement, rows))
  }
  const withValues = <Row>({ values, ...statement }: BulkStatement<Row>, rows: readonly Row[]): StatementPart => ({
    ...statement,
    values: values(rows, at, batchId),
  })
  add(INSERT_ORDERS, orders.get(true))
  add(UPDATE_ORDERS, orders.get(false))
  add(INSERT_ENTRIES, entries)
  add(UPDATE_ACCOUNTS, [...accounts.values()])
  add(INSERT_EVENTS, events)
  add(INSERT_ACTIONS, actions)
  add(
    INSERT_REPEATABLE_IDS,
    deliveries.get(false)?.filter(({ deliveryId }) => isRepeatable(deliveryId)),
  )
  add(INSERT_DELIVERIES, deliveries.get(false))

  const later: Statement[] = []
  const write = <Row>(statement: BulkStatement<Row>, rows: readonly Row[] = []): void => {
    if (rows.length > 0) later.push(withValues(statement, rows))
  }
  // They need the rows of the others, or change rows that another one inserts.
  write(SETTLE_DELIVERIES, deliveries.get(true))
  write(WRITE_REVIEWS, reviews)
  write(INSERT_AWAITING, awaiting)
  write(SETTLE_VERIFICATIONS, verified)
  later.push(...others)
  // Before the deletion, which writes nothing when the earlier transaction has deleted the same rows.
  if (changes.acknowledges && parts.length + later.length + audit.length === 0) {
    later.push({ name: 'wait_for_standby', text: WAIT_FOR_STANDBY, values: [] })
  }
  if (publishedBatchIds.length > 0) parts.push(deletePublished(publishedBatchIds))
  const combined = parts.length === 0 ? [] : [combineStatements(parts)]
  const statements: Promise<unknown>[] = [...combined, ...later].map((statement) => client.query(statement))
  if (onOldRows !== undefined) statements.push(findOldRows(client, onOldRows))
  if (audit.length > 0) statements.push(client.query(insertAuditEntries(audit)))
  return statements
}

async function findOldRows(client: PoolClient, onOldRows: () => void): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>({ name: 'find_old_outbox', text: FIND_OLD_OUTBOX })
  if (rows[0]?.found === true) onOldRows()
}

/** Whether the delivery already has a row, because it waited for its order or its verification. */
const hasWaited = ({ wasParked, verification }: DeliveryRow): boolean =>
  wasParked === true || verification !== undefined
