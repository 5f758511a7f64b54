import { DATABASE_ROLES } from '../../roles.ts'

/** The panel API's keys, and its idempotency keys. */
export const PANEL_API = `
  CREATE TABLE api_keys (
    -- The key's public part: it identifies the key and grants no access.
    key_id           text PRIMARY KEY,
    name             text NOT NULL,
    -- SHA-256 of the whole key. Keys have 256 random bits, so they cannot be guessed: a slow hash would only cost time.
    key_hash         bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    created_at       timestamptz NOT NULL DEFAULT now(),
    -- Accurate to about a minute.
    last_used_at     timestamptz,
    revoked_at       timestamptz,
    -- Null has all scopes.
    scopes           text[],
    expires_at       timestamptz,
    -- The networks from which it is accepted; null for all.
    allowed_networks text[]
  );
  CREATE TABLE revoked_keys (
    -- Of a key that is configured by the environment: SHA-256 of the whole key.
    key_hash   bytea PRIMARY KEY CHECK (length(key_hash) = 32),
    revoked_at timestamptz NOT NULL DEFAULT now()
  );

  CREATE TABLE idempotency_keys (
    idempotency_key text NOT NULL,
    -- The number of the transaction: a bulk request has several.
    part            integer NOT NULL,
    request_hash    bytea NOT NULL CHECK (length(request_hash) = 32),
    status          integer NOT NULL,
    -- The response as it was sent.
    body            text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (idempotency_key, part)
  );
  CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

  GRANT SELECT, UPDATE (last_used_at, revoked_at) ON api_keys TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT ON revoked_keys, idempotency_keys TO ${DATABASE_ROLES.ingest}`
