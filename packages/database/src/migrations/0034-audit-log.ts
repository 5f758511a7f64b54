import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * The audit log: what API keys and operators changed. It is append-only, and each row has the hash of the row before it,
 * so that a row that was changed or removed later breaks the chain.
 *
 * The trigger numbers the rows, and sets the time and the hashes; an inserted value of these columns is ignored. It locks
 * the end of the chain until the transaction ends, so a transaction inserts its row last. A transaction waits for that lock
 * for at most two seconds, because it holds locks that webhooks need.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT current_schema() AS schema`.execute(db)
  const schema = sql.id(rows[0]!.schema)
  await sql`
    CREATE TABLE audit_log (
      position      bigint PRIMARY KEY,
      at            timestamptz NOT NULL,
      -- The id of an operator or an API key, environment, or command line.
      actor         text NOT NULL,
      actor_name    text NOT NULL,
      action        text NOT NULL,
      -- The id of what was changed.
      subject       text,
      note          text,
      -- json, not jsonb: the hash is that of the text.
      before        json,
      after         json,
      -- ok, or the code of the error.
      result        text NOT NULL,
      address       text,
      previous_hash bytea NOT NULL,
      hash          bytea NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX audit_log_of_actor ON audit_log (actor, position)`.execute(db)
  await sql`CREATE INDEX audit_log_of_subject ON audit_log (subject, position)`.execute(db)

  await sql`
    CREATE FUNCTION audit_log_field(field text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT coalesce(octet_length(field) || ':' || field, '-')
    $$`.execute(db)
  await sql`
    CREATE FUNCTION chain_audit_log() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
    DECLARE
      last record;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('paxyo audit log'), 0);
      SELECT entry.position, entry.hash INTO last FROM ${schema}.audit_log AS entry ORDER BY entry.position DESC LIMIT 1;
      NEW.position := coalesce(last.position, 0) + 1;
      NEW.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
      NEW.at := clock_timestamp();
      NEW.hash := sha256(convert_to(concat_ws(',',
        ${schema}.audit_log_field(encode(NEW.previous_hash, 'hex')),
        ${schema}.audit_log_field(NEW.position::text),
        ${schema}.audit_log_field((extract(epoch FROM NEW.at) * 1000000)::bigint::text),
        ${schema}.audit_log_field(NEW.actor), ${schema}.audit_log_field(NEW.actor_name),
        ${schema}.audit_log_field(NEW.action), ${schema}.audit_log_field(NEW.subject),
        ${schema}.audit_log_field(NEW.note), ${schema}.audit_log_field(NEW.before::text),
        ${schema}.audit_log_field(NEW.after::text), ${schema}.audit_log_field(NEW.result),
        ${schema}.audit_log_field(NEW.address)), 'UTF8'));
      RETURN NEW;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit_log()`.execute(db)
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change()`.execute(db)
  await sql`GRANT SELECT, INSERT ON audit_log TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
