import { DATABASE_ROLES } from '@paxyo/database'
import type { TestDatabase } from '@paxyo/testkit'

/**
 * From now on the gateway's reads of where a stream begins take that long, after the moment that they show. Asking for the
 * epoch alone, as its health does, is as quick as ever.
 */
export async function slowDown({ owner }: TestDatabase, seconds: number): Promise<void> {
  await owner.query(`
    ALTER TABLE stream_epoch RENAME TO quick_stream_epoch;
    CREATE VIEW stream_epoch AS SELECT epoch
      FROM quick_stream_epoch, pg_sleep(CASE WHEN current_query() LIKE '%accounts%' THEN ${seconds} ELSE 0 END);
    GRANT SELECT ON stream_epoch TO ${DATABASE_ROLES.gateway}`)
}

/** Whether such a read is under way. */
export async function isReading({ owner }: TestDatabase): Promise<boolean> {
  const { rowCount } = await owner.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
  )
  return rowCount === 1
}
