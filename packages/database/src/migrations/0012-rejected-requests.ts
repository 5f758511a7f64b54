import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Authenticated requests that could not be read: kept until their retention ends, for replays. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE rejected_requests (
      request_id       uuid PRIMARY KEY,
      provider         text NOT NULL,
      -- Of the content type, the encoding and the body: a request that is retried is one row.
      digest           bytea NOT NULL CHECK (length(digest) = 32),
      received_at      timestamptz NOT NULL,
      last_received_at timestamptz NOT NULL,
      count            integer NOT NULL DEFAULT 1 CHECK (count > 0),
      reason           text NOT NULL,
      detail           text,
      content_type     text,
      content_encoding text,
      -- The signed id, which a retry of the same message has too.
      message_id       text,
      address          text NOT NULL,
      -- As it was sent; null when it was too large to be read.
      body             bytea CHECK (length(body) <= 65536),
      replayed_at      timestamptz,
      UNIQUE (provider, digest)
    )`.execute(db)
  await sql`CREATE INDEX rejected_requests_of_provider ON rejected_requests (provider, request_id)`.execute(db)
  await sql`CREATE INDEX rejected_requests_open ON rejected_requests (request_id) WHERE replayed_at IS NULL`.execute(db)
  await sql`
    GRANT SELECT, INSERT, DELETE, UPDATE (last_received_at, count, replayed_at) ON rejected_requests
    TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
