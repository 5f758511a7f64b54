import { DATABASE_ROLES } from '../../roles.ts'

/** The people who use the console, their sessions, and the one-time links with which they choose a password. */
export const OPERATORS = `
  CREATE TABLE operators (
    operator_id   text PRIMARY KEY CHECK (operator_id ~ '^opr_[0-9a-f]{12}$'),
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('viewer', 'support', 'owner')),
    -- What a support operator may refund in 24 hours.
    refund_limit  numeric(20, 8) CHECK (refund_limit >= 0),
    -- In the PHC string format; null until the invited operator has chosen a password.
    password_hash text,
    -- The key of one-time codes, and the one that waits for its first code.
    totp_secret   bytea,
    totp_pending  bytea,
    -- The time step of the last accepted code: a code is accepted once.
    totp_step     bigint,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz,
    disabled_at   timestamptz,
    CHECK ((role = 'support') = (refund_limit IS NOT NULL))
  );
  CREATE UNIQUE INDEX operators_by_name ON operators (lower(name));

  CREATE TABLE operator_links (
    -- SHA-256 of the link's token, which has 256 random bits.
    link_hash   bytea PRIMARY KEY CHECK (length(link_hash) = 32),
    -- Null for the link with which the first owner is created.
    operator_id text REFERENCES operators,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
  );
  CREATE INDEX operator_links_of_operator ON operator_links (operator_id);

  CREATE TABLE operator_sessions (
    -- SHA-256 of the cookie's token, which has 256 random bits.
    session_hash bytea PRIMARY KEY CHECK (length(session_hash) = 32),
    operator_id  text NOT NULL REFERENCES operators,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    address      text NOT NULL
  );
  CREATE INDEX operator_sessions_of_operator ON operator_sessions (operator_id);
  CREATE INDEX operator_sessions_by_expiry ON operator_sessions (expires_at);

  CREATE TABLE operator_refunds (
    -- Checked at the end of the transaction that pays it.
    refund_id   uuid PRIMARY KEY REFERENCES ledger_entries DEFERRABLE INITIALLY DEFERRED,
    operator_id text NOT NULL REFERENCES operators,
    amount      numeric(20, 8) NOT NULL CHECK (amount > 0),
    created_at  timestamptz NOT NULL
  );
  CREATE INDEX operator_refunds_of_operator ON operator_refunds (operator_id, created_at);
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_refunds
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change();

  -- The tickets with which consoles open a socket at a gateway. webhook-ingest issues them, and a gateway deletes the one that
  -- it accepts: the only rows that a gateway changes.
  CREATE TABLE operations_tickets (
    -- SHA-256 of the ticket, which has 256 random bits.
    ticket_hash  bytea PRIMARY KEY CHECK (length(ticket_hash) = 32),
    session_hash bytea NOT NULL REFERENCES operator_sessions ON DELETE CASCADE,
    expires_at   timestamptz NOT NULL
  );
  CREATE INDEX operations_tickets_of_session ON operations_tickets (session_hash);

  GRANT SELECT, INSERT, UPDATE (role, refund_limit, password_hash, totp_secret, totp_pending, totp_step, last_seen_at,
    disabled_at) ON operators TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT, UPDATE (used_at) ON operator_links TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT, DELETE ON operator_sessions, operations_tickets TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT ON operator_refunds TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, DELETE ON operations_tickets TO ${DATABASE_ROLES.gateway};
  -- Enough to know when a session ends.
  GRANT SELECT (session_hash, operator_id, expires_at) ON operator_sessions TO ${DATABASE_ROLES.gateway};
  GRANT SELECT (operator_id, disabled_at) ON operators TO ${DATABASE_ROLES.gateway}`

/**
 * The audit log: what API keys and operators changed. It is append-only, and each row has the hash of the row before it,
 * so that a row that was changed or removed later breaks the chain.
 *
 * The trigger numbers the rows, and sets the time and the hashes; an inserted value of these columns is ignored. It locks
 * the end of the chain until the transaction ends, so a transaction inserts its row last. A transaction waits for that lock
 * for at most two seconds, because it holds locks that webhooks need.
 */
export const auditLog = (schema: string): string => `
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
  );
  CREATE INDEX audit_log_of_actor ON audit_log (actor, position);
  CREATE INDEX audit_log_of_subject ON audit_log (subject, position);

  CREATE FUNCTION audit_log_field(field text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(octet_length(field) || ':' || field, '-')
    $$;
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
    END $$;
  CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit_log();
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change();
  GRANT SELECT, INSERT ON audit_log TO ${DATABASE_ROLES.ingest}`
