/**
 * Guarantees: what providers sent has an earlier end than what became of it. No webhook waits, no body is removed that a decision
 * still needs, and a process that is killed at any line loses nothing: the next run goes on.
 *
 * How: an update of each row would leave as many dead rows. Instead the rows of a day are copied to a new partition without
 * their bodies, in small transactions, while a trigger notes which rows change. Then the new partition takes the
 * place of the old one in one short transaction, which copies the rows that have changed since. The index of the bodies that
 * stay, which only a new partition has, says that the day is done. A body that was still needed is removed later, from its row.
 */

import pg, { type Pool } from 'pg'
import type { PartitionPart } from './archive/write-archive.ts'
import { isUndecided } from './delivery-retention.ts'
import { boundsOf, DAY_MS, DELIVERIES, inOneTransaction } from './partitions.ts'

/** Rows of a transaction. */
const STEP_ROWS = 5_000
/** Rows that changed during the copy, and are copied while webhooks wait. */
const LATE_ROWS_MAX = 500

export interface BodyRetentionResult {
  /** Partitions whose bodies were removed. */
  readonly days: readonly string[]
  /** Bodies that were removed one by one. */
  readonly single: number
}

/**
 * Removes the bodies of deliveries that are older than their retention and decided. Runs daily, as the owner, in one process at a time.
 *
 * @param retentionDays whole days that are kept in addition to today; 0 keeps bodies as long as their deliveries.
 * @param beforeRemoval is done with the deliveries whose bodies are removed next, such as archiving them.
 * @example
 * await removeOldBodies(ownerPool, new Date(), 30) //=> { days: [], single: 0 }
 */
export async function removeOldBodies(
  pool: Pool,
  now: Date,
  retentionDays: number,
  beforeRemoval: (partition: string, part: PartitionPart) => Promise<unknown> = () => Promise.resolve(),
): Promise<BodyRetentionResult> {
  if (retentionDays === 0) return { days: [], single: 0 }
  const before = new Date((Math.floor(now.getTime() / DAY_MS) - retentionDays) * DAY_MS)
  const days = await findDays(pool, before)
  for (const day of days) {
    await copyDay(pool, day)
    // The rows of the copy do not change, except that a row that changes meanwhile gets its body back.
    await beforeRemoval(day, { name: `${day}_bodies`, where: hasLostBody(day) })
    // Statements that read the new partition would otherwise be planned without statistics until autovacuum comes.
    await pool.query(`VACUUM (ANALYZE) ${copyOf(day)}`)
    await replaceDay(pool, day)
  }
  return { days, single: await removeSingleBodies(pool, now, before, beforeRemoval) }
}

/** A delivery that waits again for its verification is verified with its body. */
const isNeeded = (delivery: string): string => `(${delivery}.waiting_update IS NOT NULL OR ${isUndecided(delivery)})`

const copyOf = (day: string): string => `${day}_copy`
const indexOf = (day: string): string => `${day}_bodies`

/** The daily partitions that are old enough and not done, the oldest first. */
async function findDays(pool: Pool, before: Date): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'deliveries'::regclass AND relname ~ '\\d{4}_\\d\\d_\\d\\d$' AND NOT EXISTS (
       SELECT FROM pg_index WHERE indrelid = inhrelid AND indexrelid = to_regclass(relname || '_bodies'))
     ORDER BY 1`,
  )
  return rows.map(({ name }) => name).filter((name) => boundsOf(DELIVERIES, name).to <= before)
}

/** Of a row \`delivery\` of the day: it has a body, and its copy has none. */
const hasLostBody = (day: string): string => `
  delivery.body IS NOT NULL AND EXISTS (
    SELECT FROM ${copyOf(day)} AS copy
    WHERE copy.delivery_id = delivery.delivery_id AND copy.received_at = delivery.received_at AND copy.body IS NULL)`

async function copyDay(pool: Pool, day: string): Promise<void> {
  const copy = copyOf(day)
  const { from, to } = boundsOf(DELIVERIES, day)
  const range = `received_at >= '${from.toISOString()}' AND received_at < '${to.toISOString()}'`
  await inOneTransaction(
    pool,
    `
    DO $$ BEGIN
      -- A copy that an earlier run did not finish is finished, unless a migration has changed the table since.
      IF obj_description(to_regclass('${copy}'), 'pg_class') IS DISTINCT FROM (SELECT max(name) FROM kysely_migration) THEN
        DROP TABLE IF EXISTS ${copy};
        CREATE TABLE ${copy} (LIKE deliveries INCLUDING ALL);
        -- With it, attaching reads no rows.
        ALTER TABLE ${copy} ADD CONSTRAINT bounds CHECK (${range});
        EXECUTE format('COMMENT ON TABLE ${copy} IS %L', (SELECT max(name) FROM kysely_migration));
        CREATE INDEX ${indexOf(day)} ON ${copy} (received_at) WHERE body IS NOT NULL;
        DELETE FROM changed_deliveries WHERE ${range};
        CREATE OR REPLACE TRIGGER note_change AFTER INSERT OR UPDATE ON ${day}
          FOR EACH ROW EXECUTE FUNCTION note_changed_delivery();
      END IF;
    END $$`,
  )
  const columns = await readColumns(pool)
  const values = columns.map((column) => (column === 'body' ? 'CASE WHEN is_needed THEN body END' : column))
  const step = `
    WITH page AS MATERIALIZED (
      SELECT *, ${isNeeded('delivery')} AS is_needed FROM ${day} AS delivery
      WHERE (received_at, delivery_id) > ($1::timestamptz, $2) ORDER BY received_at, delivery_id LIMIT ${STEP_ROWS}
    ), copied AS (
      INSERT INTO ${copy} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM page ON CONFLICT DO NOTHING
    )
    SELECT received_at::text AS "receivedAt", delivery_id AS "deliveryId" FROM page
    ORDER BY received_at DESC, delivery_id DESC LIMIT 1`
  const { rows } = await pool.query<Key>(
    `SELECT received_at::text AS "receivedAt", delivery_id AS "deliveryId" FROM ${copy}
     ORDER BY received_at DESC, delivery_id DESC LIMIT 1`,
  )
  for (let last: Key | undefined = rows[0] ?? { receivedAt: '-infinity', deliveryId: '' }; last !== undefined;) {
    last = (await pool.query<Key>(step, [last.receivedAt, last.deliveryId])).rows[0]
  }
}

interface Key {
  readonly receivedAt: string
  readonly deliveryId: string
}

async function readColumns(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
     WHERE attrelid = 'deliveries'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  )
  return rows.map(({ name }) => name)
}

async function replaceDay(pool: Pool, day: string): Promise<void> {
  const { from, to } = boundsOf(DELIVERIES, day)
  const copy = copyOf(day)
  const range = `received_at >= '${from.toISOString()}' AND received_at < '${to.toISOString()}'`
  const columns = await readColumns(pool)
  const copyChanged = `
    WITH changed AS (
      DELETE FROM changed_deliveries WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM changed_deliveries WHERE ${range} LIMIT ${STEP_ROWS}))
      RETURNING delivery_id, received_at
    )
    INSERT INTO ${copy} (${columns.join(', ')})
    SELECT ${columns.join(', ')} FROM ${day} JOIN (SELECT DISTINCT * FROM changed) AS late USING (delivery_id, received_at)
    ON CONFLICT (delivery_id, received_at) DO UPDATE
    SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`
  for (;;) {
    while (((await pool.query(copyChanged)).rowCount ?? 0) > LATE_ROWS_MAX);
    // Not the wait for a standby: webhooks would wait, too, and a standby without this transaction has the day as it was.
    await inOneTransaction(
      pool,
      `
      SET LOCAL synchronous_commit = local;
      DO $$ BEGIN
        LOCK TABLE ONLY deliveries IN ACCESS EXCLUSIVE MODE;
        LOCK TABLE ${day} IN ACCESS EXCLUSIVE MODE;
        IF (SELECT count(*) FROM changed_deliveries WHERE ${range}) <= ${LATE_ROWS_MAX} THEN
          ${copyChanged};
          ALTER TABLE deliveries DETACH PARTITION ${day};
          DROP TABLE ${day};
          ALTER TABLE ${copy} RENAME TO ${day};
          ALTER TABLE deliveries ATTACH PARTITION ${day}
            FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}');
          ALTER TABLE ${day} DROP CONSTRAINT bounds;
          COMMENT ON TABLE ${day} IS NULL;
        END IF;
      END $$`,
    )
    const { rows } = await pool.query<{ done: boolean }>(`SELECT to_regclass('${copy}') IS NULL AS done`)
    if (rows[0]!.done) return
  }
}

/** Bodies whose deliveries were decided later, and those of the default partition. */
async function removeSingleBodies(
  pool: Pool,
  now: Date,
  before: Date,
  beforeRemoval: (partition: string, part: PartitionPart) => Promise<unknown>,
): Promise<number> {
  const { rows: partitions } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'deliveries'::regclass ORDER BY 1`,
  )
  let total = 0
  for (const { name } of partitions) {
    for (let step = 1; ; step += 1) {
      const { rows } = await pool.query<Key>(
        `SELECT received_at::text AS "receivedAt", delivery_id AS "deliveryId" FROM ${name} AS delivery
         WHERE received_at < $1 AND body IS NOT NULL AND NOT ${isNeeded('delivery')} LIMIT ${STEP_ROWS}`,
        [before],
      )
      if (rows.length === 0) break
      const where = isOneOf(rows)
      await beforeRemoval(name, { name: `${name}_bodies_${now.getTime()}_${step}`, where })
      total += (await pool.query(`UPDATE ${name} AS delivery SET body = NULL WHERE ${where}`)).rowCount ?? 0
    }
  }
  return total
}

const isOneOf = (keys: readonly Key[]): string => `
  (delivery.received_at, delivery.delivery_id) IN (
    SELECT * FROM jsonb_to_recordset(${pg.escapeLiteral(JSON.stringify(keys))})
      AS key ("receivedAt" timestamptz, "deliveryId" text))`
