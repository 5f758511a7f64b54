import { sql, type Kysely } from 'kysely'

/** Money is `numeric(20, 8)`; every time is the database's own clock, so that services need not agree on theirs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE accounts (
      user_id    text PRIMARY KEY,
      currency   text NOT NULL,
      balance    numeric(20, 8) NOT NULL DEFAULT 0 CHECK (balance >= 0),
      -- The seq of the user's newest event. The holder of this row's lock appends to the user's stream.
      last_seq   bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
      created_at timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 70)`.execute(db)

  await sql`
    CREATE TABLE orders (
      order_id          text PRIMARY KEY,
      provider          text NOT NULL,
      provider_order_id text NOT NULL,
      user_id           text NOT NULL REFERENCES accounts,
      service           text NOT NULL,
      link              text NOT NULL,
      quantity          bigint NOT NULL CHECK (quantity > 0),
      charge            numeric(20, 8) NOT NULL CHECK (charge >= 0),
      status            text NOT NULL DEFAULT 'pending' CHECK (status IN
                          ('pending', 'processing', 'in_progress', 'completed', 'partial', 'canceled', 'failed')),
      remains           bigint,
      start_count       bigint,
      refunded          numeric(20, 8) NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND charge),
      created_at        timestamptz NOT NULL DEFAULT now(),
      updated_at        timestamptz NOT NULL DEFAULT now(),
      UNIQUE (provider, provider_order_id)
    ) WITH (fillfactor = 70)`.execute(db)
  // No index contains the columns that webhooks change most, so most updates stay on their page (HOT).
  await sql`CREATE INDEX orders_of_user ON orders (user_id, created_at DESC, order_id)`.execute(db)
  await sql`
    CREATE INDEX open_orders_of_user ON orders (user_id, created_at DESC, order_id)
    WHERE status IN ('pending', 'processing', 'in_progress')`.execute(db)

  await sql`
    CREATE TABLE deliveries (
      delivery_id       text PRIMARY KEY,
      provider          text NOT NULL,
      -- Null when the provider named no order.
      provider_order_id text,
      body              text NOT NULL,
      outcome           text NOT NULL CHECK (outcome IN
                          ('applied', 'progress', 'unchanged', 'stale', 'review', 'parked')),
      reason            text,
      received_at       timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX deliveries_of_order ON deliveries (provider_order_id, received_at)`.execute(db)

  await sql`
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
      -- IS TRUE, because a null would make it neither true nor false, and a check rejects only false.
      CHECK (CASE kind
        WHEN 'refund' THEN
          (order_id IS NOT NULL AND refunded_before >= 0 AND refunded_after = refunded_before + amount) IS TRUE
        ELSE refunded_before IS NULL AND refunded_after IS NULL
      END),
      -- The fence: two writers can never pay from the same starting point.
      UNIQUE (order_id, refunded_before)
    )`.execute(db)
  await sql`CREATE INDEX ledger_entries_of_user ON ledger_entries (user_id, created_at)`.execute(db)

  await sql`
    CREATE TABLE events (
      user_id text NOT NULL,
      seq     bigint NOT NULL CHECK (seq > 0),
      at      timestamptz NOT NULL,
      -- Exactly what clients are sent.
      payload text NOT NULL,
      PRIMARY KEY (user_id, seq, at)
    ) PARTITION BY RANGE (at)`.execute(db)
  // A fallback for the daily partitions: an event is committed even without a partition for its day.
  await sql`CREATE TABLE events_default PARTITION OF events DEFAULT`.execute(db)

  await sql`
    CREATE TABLE outbox (
      batch_id   uuid PRIMARY KEY,
      -- The batch's events, as two arrays of the same length.
      user_ids   text[] NOT NULL,
      seqs       bigint[] NOT NULL,
      created_at timestamptz NOT NULL
    )`.execute(db)

  await sql`
    CREATE TABLE reviews (
      review_id   uuid PRIMARY KEY,
      -- Null when the provider named no order.
      order_id    text REFERENCES orders,
      delivery_id text NOT NULL REFERENCES deliveries,
      reason      text NOT NULL,
      opened_at   timestamptz NOT NULL,
      resolved_at timestamptz,
      resolved_by text,
      resolution  text,
      CHECK ((resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (resolution IS NULL))
    )`.execute(db)
  await sql`CREATE INDEX reviews_of_order ON reviews (order_id)`.execute(db)
  await sql`CREATE INDEX open_reviews ON reviews (opened_at) WHERE resolved_at IS NULL`.execute(db)

  await sql`
    CREATE TABLE stream_epoch (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      epoch    text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', '')
    )`.execute(db)
  await sql`INSERT INTO stream_epoch DEFAULT VALUES`.execute(db)

  await sql`
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`.execute(db)
  // Row triggers apply to every partition, including future ones; TRUNCATE has only statement triggers.
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change()`.execute(db)
  for (const table of ['events', 'events_default']) {
    await sql`
      CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ${sql.table(table)}
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`.execute(db)
  }
}
