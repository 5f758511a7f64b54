import { DATABASE_ROLES } from '../../roles.ts'

/**
 * What gateways need to know of connections, and what they report. Gateways read new rows of the first two tables every half
 * second, and one row of each with each join.
 */
export const CONNECTIONS = `
  CREATE TABLE connection_cutoffs (
    -- Without a reference: a token can be that of a user without an account.
    user_id              text PRIMARY KEY,
    -- Tokens issued before this time are revoked; null when none was.
    tokens_issued_before timestamptz,
    -- When all connections of the user were closed; null when only tokens were revoked.
    disconnected_at      timestamptz,
    set_at               timestamptz NOT NULL,
    CHECK (num_nonnulls(tokens_issued_before, disconnected_at) > 0)
  ) WITH (fillfactor = 70);
  CREATE INDEX connection_cutoffs_by_time ON connection_cutoffs (set_at);

  -- Single revoked browser tokens, until they expire.
  CREATE TABLE revoked_tokens (
    -- Without a reference: a token can be that of a user without an account.
    user_id    text NOT NULL,
    -- The token's claim. With the user, because issuers may count tokens per user.
    jti        text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, jti)
  );
  CREATE INDEX revoked_tokens_by_time ON revoked_tokens (revoked_at);

  -- How far users' streams were sent, and how far a browser has shown them. Cumulative: the user has seen every event up to
  -- the seq. The earliest row that covers an event says when.
  CREATE TABLE receipts (
    user_id text NOT NULL,
    seq     bigint NOT NULL CHECK (seq > 0),
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, seq)
  );
  CREATE TABLE sent_positions (
    user_id     text NOT NULL,
    seq         bigint NOT NULL CHECK (seq > 0),
    gateway_id  text NOT NULL,
    -- Of this gateway, when it had sent every event up to the seq.
    connections integer NOT NULL CHECK (connections > 0),
    sent_at     timestamptz NOT NULL,
    PRIMARY KEY (user_id, seq, gateway_id)
  );
  -- For retention. Rows are appended in about this order, so that an index of ranges is enough.
  CREATE INDEX receipts_by_time ON receipts USING brin (seen_at);
  CREATE INDEX sent_positions_by_time ON sent_positions USING brin (sent_at);

  GRANT SELECT, INSERT, UPDATE (tokens_issued_before, disconnected_at, set_at) ON connection_cutoffs
    TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT, UPDATE (expires_at) ON revoked_tokens TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT ON receipts, sent_positions TO ${DATABASE_ROLES.ingest};
  GRANT SELECT ON connection_cutoffs, revoked_tokens TO ${DATABASE_ROLES.gateway}`
