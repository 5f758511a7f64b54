import { DATABASE_ROLES } from '@paxyo/database'
import type { TestDatabase } from '@paxyo/testkit'

/** Any number; advisory locks are a database's own. */
const LOCK = 1

/** The gateway's snapshots, held up after the moment that they show. */
export interface HeldReads {
  /** Whether one is being read. */
  isReading(): Promise<boolean>
  /** Lets them go on, and those to come. */
  release(): Promise<void>
}

/**
 * From now on snapshots of the present epoch wait until they are released, for as long as a statement of the gateway's
 * may.
 */
export async function holdReads({ owner }: TestDatabase): Promise<HeldReads> {
  const holder = await owner.connect()
  await holder.query(`SELECT pg_advisory_lock(${LOCK})`)
  await owner.query(`
    ALTER TABLE stream_epoch RENAME TO open_stream_epoch;
    -- Whoever asks for the epoch alone, as the look at the gateway's health does, is not held up.
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
