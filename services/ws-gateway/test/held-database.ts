import { DATABASE_ROLES } from '@paxyo/database'
import type { TestDatabase } from '@paxyo/testkit'

/** Any number; advisory locks belong to one database. */
const LOCK = 1

/** The gateway's snapshot reads, held after they have read the epoch. */
export interface HeldReads {
  /** Whether a read is waiting. */
  isReading(): Promise<boolean>
  /** Lets the waiting reads and later ones complete. */
  release(): Promise<void>
}

/**
 * From now on snapshot reads of the current epoch wait until they are released, at most until the gateway's statement
 * timeout.
 */
export async function holdReads({ owner }: TestDatabase): Promise<HeldReads> {
  const holder = await owner.connect()
  await holder.query(`SELECT pg_advisory_lock(${LOCK})`)
  await owner.query(`
    ALTER TABLE stream_epoch RENAME TO open_stream_epoch;
    -- A query for the epoch alone, as in the gateway's readiness check, is not held.
    CREATE TABLE held_epoch AS SELECT epoch FROM open_stream_epoch;
    CREATE FUNCTION hold(epoch text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
      IF current_query() LIKE '%accounts%' AND EXISTS (SELECT FROM held_epoch WHERE held_epoch.epoch = hold.epoch)
        THEN PERFORM pg_advisory_xact_lock_shared(${LOCK}); END IF;
    END $$;
    CREATE VIEW stream_epoch AS SELECT epoch FROM open_stream_epoch, hold(epoch);
    GRANT SELECT ON stream_epoch TO ${DATABASE_ROLES.gateway}`)
  return {
    async isReading() {
      const { rows } = await owner.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
      )
      return rows.length > 0
    },
    async release() {
      await holder.query(`SELECT pg_advisory_unlock(${LOCK})`)
      holder.release()
    },
  }
}
