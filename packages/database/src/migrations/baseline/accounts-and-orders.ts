import { DATABASE_ROLES } from '../../roles.ts'

/** Accounts with their totals, orders, and the ledger. */
export const ACCOUNTS_AND_ORDERS = `
  CREATE TABLE accounts (
    user_id      text PRIMARY KEY,
    currency     text NOT NULL,
    balance      numeric(20, 8) NOT NULL DEFAULT 0 CHECK (balance >= 0),
    -- The seq of the user's newest event. The holder of this row's lock appends to the user's stream.
    last_seq     bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- What an account's page shows of all its orders, so that a snapshot does not count them. This one includes what another
    -- system had refunded; it may exceed every balance, so it has no limit.
    refunded     numeric NOT NULL DEFAULT 0,
    -- The number of orders by status, as a JSON object; statuses without orders are left out.
    order_counts jsonb NOT NULL DEFAULT '{}',
    -- The last_seq at which the totals were right; -1 when they were never counted. A transaction that moves last_seq on
    -- without them leaves them to be counted when they are needed.
    totals_seq   bigint NOT NULL DEFAULT -1,
    -- Whether the balance is the user's: kept from the first deposit or charge on. Until then the panel keeps the balance, and
    -- the ledger knows only what was refunded.
    balance_mode text NOT NULL DEFAULT 'external' CONSTRAINT balance_mode_known CHECK (balance_mode IN ('external', 'kept'))
  ) WITH (fillfactor = 70);

  CREATE TABLE orders (
    order_id           text PRIMARY KEY,
    -- Null until the order has a provider order.
    provider           text,
    provider_order_id  text,
    user_id            text NOT NULL REFERENCES accounts,
    service            text NOT NULL,
    link               text NOT NULL,
    quantity           bigint NOT NULL CHECK (quantity > 0),
    charge             numeric(20, 8) NOT NULL CHECK (charge >= 0),
    status             text NOT NULL DEFAULT 'pending' CHECK (status IN
                         ('pending', 'processing', 'in_progress', 'completed', 'partial', 'canceled', 'failed')),
    remains            bigint,
    start_count        bigint,
    refunded           numeric(20, 8) NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND charge),
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    -- What a previous system has refunded. It counts as refunded, so that it is never paid again, and has no ledger entry,
    -- because no account of this system changed.
    refunded_elsewhere numeric(20, 8) NOT NULL DEFAULT 0 CHECK (refunded_elsewhere BETWEEN 0 AND refunded),
    -- The columns of an index's WHERE count as indexed. Whether an order is open changes only once, so all other updates stay
    -- on their page (HOT).
    is_open            boolean NOT NULL
                         GENERATED ALWAYS AS (status IN ('pending', 'processing', 'in_progress')) STORED,
    -- How often the quantity is delivered; more than once in a drip-feed order.
    runs               integer NOT NULL DEFAULT 1 CHECK (runs BETWEEN 1 AND 1000),
    -- The minutes between two runs.
    run_interval       integer CHECK (run_interval >= 0),
    -- Ids are more selective than providers: with the id first, most comparisons end after the first column.
    UNIQUE (provider_order_id, provider),
    CONSTRAINT orders_provider_order CHECK ((provider IS NULL) = (provider_order_id IS NULL))
  ) WITH (fillfactor = 70);
  -- No index contains the columns that webhooks change most.
  CREATE INDEX orders_of_user ON orders (user_id, created_at DESC, order_id);
  CREATE INDEX open_orders_of_user ON orders (user_id, created_at DESC, order_id) WHERE is_open;
  CREATE INDEX orders_by_time ON orders (created_at DESC, order_id);

  -- An order may have no provider order yet, get one later, and get another one. The changes are kept, so that a delivery of
  -- an id that no order has any more is recognized.
  CREATE TABLE provider_order_changes (
    change_id                uuid PRIMARY KEY,
    order_id                 text NOT NULL REFERENCES orders,
    provider                 text NOT NULL,
    provider_order_id        text NOT NULL,
    -- Null when the order had none before.
    former_provider          text,
    former_provider_order_id text,
    key_id                   text NOT NULL,
    created_at               timestamptz NOT NULL,
    CHECK ((former_provider IS NULL) = (former_provider_order_id IS NULL))
  );
  CREATE INDEX changes_of_order ON provider_order_changes (order_id, created_at);
  CREATE INDEX former_provider_orders ON provider_order_changes (former_provider_order_id, former_provider)
    WHERE former_provider_order_id IS NOT NULL;

  CREATE TABLE ledger_entries (
    entry_id        uuid PRIMARY KEY,
    user_id         text NOT NULL REFERENCES accounts,
    kind            text NOT NULL CHECK (kind IN ('deposit', 'charge', 'refund')),
    amount          numeric(20, 8) NOT NULL CHECK (amount > 0),
    balance_after   numeric(20, 8) NOT NULL CHECK (balance_after >= 0),
    order_id        text REFERENCES orders,
    refunded_before numeric(20, 8),
    refunded_after  numeric(20, 8),
    created_at      timestamptz NOT NULL,
    -- Assigned under the account's lock, so it increases in the order of an account's entries.
    position        bigint GENERATED BY DEFAULT AS IDENTITY,
    -- The payment of a deposit, kept as long as the ledger: payment processors repeat their notifications for longer than
    -- idempotency keys are kept. With the seq of its event, so that a repetition gets the first response.
    payment_ref     text,
    payment_seq     bigint,
    -- IS TRUE, because a null would make it neither true nor false, and a check rejects only false.
    CHECK (CASE kind
      WHEN 'refund' THEN
        (order_id IS NOT NULL AND refunded_before >= 0 AND refunded_after = refunded_before + amount) IS TRUE
      ELSE refunded_before IS NULL AND refunded_after IS NULL
    END),
    CONSTRAINT ledger_entries_payment CHECK (
      (payment_ref IS NULL) = (payment_seq IS NULL) AND (payment_ref IS NULL OR kind = 'deposit')),
    -- The fence: two writers can never pay from the same starting point.
    UNIQUE (order_id, refunded_before)
  );
  CREATE UNIQUE INDEX ledger_entries_of_user ON ledger_entries (user_id, position);
  -- An order is charged once, as (order_id, refunded_before) makes a refund unique.
  CREATE UNIQUE INDEX charge_of_order ON ledger_entries (order_id) WHERE kind = 'charge';
  CREATE UNIQUE INDEX ledger_entries_payment_ref ON ledger_entries (payment_ref) WHERE payment_ref IS NOT NULL;

  -- When providers were asked about orders, and what scheduled reconciliation found: beside the orders, so that asking does
  -- not write their rows and webhooks do not write these.
  CREATE TABLE reconciliations (
    order_id text PRIMARY KEY REFERENCES orders,
    tried_at timestamptz NOT NULL,
    -- The last question with a response; null when every request failed.
    asked_at timestamptz
  ) WITH (fillfactor = 70);
  CREATE TABLE reconcile_runs (
    run_id     uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    -- Null while it runs, and when its process ended.
    ended_at   timestamptz,
    asked      integer NOT NULL DEFAULT 0 CHECK (asked >= 0),
    changed    integer NOT NULL DEFAULT 0 CHECK (changed BETWEEN 0 AND asked),
    -- Orders that had ended at the provider, although no webhook had said so.
    late       integer NOT NULL DEFAULT 0 CHECK (late BETWEEN 0 AND changed),
    -- What a provider said when it could not be asked.
    error      text
  );
  CREATE INDEX reconcile_runs_by_time ON reconcile_runs (started_at);

  -- What identifies an order or an entry is frozen when it is registered.
  GRANT SELECT, INSERT, UPDATE (balance, last_seq, refunded, order_counts, totals_seq, balance_mode) ON accounts
    TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT,
    UPDATE (provider, provider_order_id, status, remains, start_count, refunded, updated_at) ON orders
    TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT ON provider_order_changes, ledger_entries TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT, UPDATE (tried_at, asked_at) ON reconciliations TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT, DELETE, UPDATE (ended_at, asked, changed, late, error) ON reconcile_runs
    TO ${DATABASE_ROLES.ingest};
  GRANT SELECT ON accounts, orders TO ${DATABASE_ROLES.gateway}`
