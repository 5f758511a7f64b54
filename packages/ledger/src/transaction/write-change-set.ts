import { assertCommitted, roundTrip, sendTogether } from '@paxyo/database'
import type { PoolClient } from 'pg'
import { deletePublished } from './delete-published.ts'
import {
  INSERT_AWAITED,
  INSERT_DELIVERIES,
  INSERT_ENTRIES,
  INSERT_EVENTS,
  INSERT_ORDERS,
  INSERT_REVIEWS,
  SETTLE_CONFIRMATIONS,
  SETTLE_DELIVERIES,
  UPDATE_ACCOUNTS,
  UPDATE_ORDERS,
  type BulkStatement,
} from './bulk-statements.ts'
import type { Changes, DeliveryRow } from '../model/change-set.ts'

const INSERT_OUTBOX = `
  INSERT INTO outbox (batch_id, user_ids, seqs, created_at) VALUES ($1, $2, $3, $4)`

const FIND_OLD_OUTBOX = `
  SELECT EXISTS (SELECT FROM outbox WHERE created_at < clock_timestamp() - interval '2 seconds') AS found`

export interface OutboxRows {
  /** The id under which this transaction's events wait until the bus has them. */
  readonly batchId: string
  /** Batches that the bus has; their rows go. */
  readonly publishedBatchIds: readonly string[]
  /** Whether to look for rows that whoever wrote them should have published by now. */
  readonly lookForOldRows: boolean
}

/**
 * Writes everything and commits, in one round trip.
 *
 * @returns whether old outbox rows were found, if they were looked for.
 * @throws RolledBackError when COMMIT did not commit, and the database's own errors.
 */
export async function writeChangesAndCommit(
  client: PoolClient,
  changes: Changes,
  at: Date,
  { batchId, publishedBatchIds, lookForOldRows }: OutboxRows,
): Promise<boolean> {
  const { accounts, entries, events, reviews, awaited, confirmed } = changes
  const orders = Map.groupBy(changes.orders.values(), ({ orderId }) => changes.registeredOrderIds.has(orderId))
  const deliveries = Map.groupBy(changes.deliveries, hasWaited)
  const statements: Promise<unknown>[] = []
  const write = <Row>({ name, text, values }: BulkStatement<Row>, rows: readonly Row[] = []): void => {
    if (rows.length > 0) statements.push(client.query({ name, text, values: values(rows, at) }))
  }

  sendTogether(client)
  write(INSERT_ORDERS, orders.get(true))
  write(UPDATE_ORDERS, orders.get(false))
  write(UPDATE_ACCOUNTS, [...accounts.values()])
  write(INSERT_ENTRIES, entries)
  write(INSERT_EVENTS, events)
  write(INSERT_DELIVERIES, deliveries.get(false))
  write(SETTLE_DELIVERIES, deliveries.get(true))
  write(INSERT_REVIEWS, reviews)
  write(INSERT_AWAITED, awaited)
  write(SETTLE_CONFIRMATIONS, confirmed)
  if (events.length > 0) {
    const values = [batchId, events.map((event) => event.userId), events.map((event) => event.seq), at]
    statements.push(client.query({ name: 'insert_outbox', text: INSERT_OUTBOX, values }))
  }
  if (publishedBatchIds.length > 0) statements.push(deletePublished(client, publishedBatchIds))

  const oldRows = lookForOldRows
    ? client.query<{ found: boolean }>({ name: 'find_old_outbox', text: FIND_OLD_OUTBOX })
    : undefined
  const commit = client.query('COMMIT')
  await roundTrip([...statements, oldRows, commit])
  assertCommitted(await commit)
  return (await oldRows)?.rows[0]?.found ?? false
}

/** Whether a delivery's row is there already, from when it had to wait for its order or its confirmation. */
const hasWaited = ({ wasParked, confirmation }: DeliveryRow): boolean =>
  wasParked === true || confirmation !== undefined
