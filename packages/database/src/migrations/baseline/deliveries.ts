import { DATABASE_ROLES } from '../../roles.ts'

/**
 * What providers sent: deliveries in daily partitions, and requests that could not be read.
 *
 * A partitioned table has no unique constraint without its partition key. Ids that ingest draws are unique by themselves, and
 * a retried transaction inserts its deliveries with the same times. Ids that a repeated message has again, at another time,
 * are unique in \`repeatable_delivery_ids\`. Rows of other tables may outlive the deliveries that they name, so they have no
 * foreign keys to them.
 */
export const DELIVERIES = `
  CREATE TABLE deliveries (
    delivery_id       text NOT NULL,
    provider          text NOT NULL,
    -- Null when the provider named no order.
    provider_order_id text,
    body              text NOT NULL,
    outcome           text NOT NULL CHECK (outcome IN ('applied', 'progress', 'unchanged', 'stale', 'ignored',
                        'superseded', 'review', 'parked', 'awaiting_verification')),
    reason            text,
    received_at       timestamptz NOT NULL,
    -- How we came by it: the provider called, or we asked.
    origin            text NOT NULL DEFAULT 'webhook' CHECK (origin IN ('webhook', 'reconcile')),
    replay_of         text,
    -- The parsed update of a delivery that waits, which is applied without parsing the body again.
    waiting_update    text,
    -- The status word that was in no map. Without an index: the one of deliveries in review, which are few, finds them.
    status_word       text,
    PRIMARY KEY (delivery_id, received_at)
  ) PARTITION BY RANGE (received_at);
  -- A fallback for the daily partitions: a delivery is committed even without a partition for its day.
  CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;
  -- Every webhook writes these. Columns that only break ties are left out: deliveries of the same time or order are few and
  -- quickly sorted.
  CREATE INDEX deliveries_by_time ON deliveries (received_at);
  CREATE INDEX deliveries_of_order ON deliveries (provider_order_id);
  CREATE INDEX replays_of_delivery ON deliveries (replay_of) WHERE replay_of IS NOT NULL;
  -- Rows that a person may have to check are rare among the others.
  CREATE INDEX deliveries_to_look_at ON deliveries (outcome, received_at, delivery_id)
    WHERE outcome IN ('review', 'parked');
  CREATE INDEX waiting_deliveries ON deliveries (provider_order_id, provider) WHERE waiting_update IS NOT NULL;

  -- Ids of signed messages and of replays with an idempotency key: kept for longer than a provider repeats a message.
  CREATE TABLE repeatable_delivery_ids (
    delivery_id text PRIMARY KEY,
    received_at timestamptz NOT NULL
  );
  -- For retention. Rows are appended in about this order, so that an index of ranges is enough.
  CREATE INDEX repeatable_delivery_ids_by_time ON repeatable_delivery_ids USING brin (received_at);

  -- Deliveries that pay only after verification.
  CREATE TABLE verifications (
    delivery_id       text PRIMARY KEY,
    provider          text NOT NULL,
    provider_order_id text NOT NULL,
    created_at        timestamptz NOT NULL,
    attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When the provider is asked next. The asking process moves this forward first, which makes it a lease.
    due_at            timestamptz NOT NULL,
    last_error        text,
    settled_at        timestamptz,
    -- The provider's final response; null when it could not be asked.
    response          text,
    CHECK (response IS NULL OR settled_at IS NOT NULL)
  ) WITH (fillfactor = 70);
  CREATE INDEX verifications_due ON verifications (due_at) WHERE settled_at IS NULL;

  -- Authenticated requests that could not be read: kept until their retention ends, for replays.
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
  );
  CREATE INDEX rejected_requests_of_provider ON rejected_requests (provider, request_id);
  CREATE INDEX rejected_requests_open ON rejected_requests (request_id) WHERE replayed_at IS NULL;

  GRANT SELECT, INSERT, UPDATE (outcome, reason, waiting_update) ON deliveries TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT ON repeatable_delivery_ids TO ${DATABASE_ROLES.ingest};
  -- A delivery is verified again, from the beginning, when another order gets its provider order.
  GRANT SELECT, INSERT, UPDATE (attempts, due_at, last_error, settled_at, response, created_at) ON verifications
    TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT, DELETE, UPDATE (last_received_at, count, replayed_at) ON rejected_requests
    TO ${DATABASE_ROLES.ingest}`
