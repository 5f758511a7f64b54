import { sql, type Kysely } from 'kysely'

/** Deliveries keep the status word that was in no map, for the replay of all with that word. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Without an index: the one of deliveries in review, which are few, finds them.
  await sql`ALTER TABLE deliveries ADD status_word text`.execute(db)
}
