import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Status words that people mapped while the services run, in addition to the configured ones. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE mapped_words (
      provider  text NOT NULL,
      -- As maps compare it: in lower case, without spaces, underscores and hyphens.
      word      text NOT NULL CHECK (char_length(word) BETWEEN 1 AND 64),
      status    text NOT NULL CHECK (status IN (
        'pending', 'processing', 'in_progress', 'completed', 'partial', 'canceled', 'failed', 'ignore')),
      mapped_at timestamptz NOT NULL DEFAULT now(),
      mapped_by text NOT NULL,
      PRIMARY KEY (provider, word)
    )`.execute(db)
  await sql`
    GRANT SELECT, INSERT, UPDATE (status, mapped_at, mapped_by) ON mapped_words
    TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
