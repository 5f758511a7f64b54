import { DATABASE_ROLES } from '../../roles.ts'

/** What a person must decide, and what people did with orders. */
export const REVIEWS = `
  CREATE TABLE reviews (
    review_id            uuid PRIMARY KEY,
    -- Null when the provider named no order.
    order_id             text REFERENCES orders,
    delivery_id          text NOT NULL,
    reason               text NOT NULL,
    opened_at            timestamptz NOT NULL,
    resolved_at          timestamptz,
    resolved_by          text,
    resolution           text,
    -- The name of the API key; resolved_by is the person whom its holder named.
    resolved_with        text,
    resolution_note      text,
    resolution_status    text,
    -- Checked at the end of the transaction that pays it.
    resolution_refund_id uuid UNIQUE REFERENCES ledger_entries DEFERRABLE INITIALLY DEFERRED,
    -- A review for the same order and reason that is still open is counted up, not opened again.
    count                integer NOT NULL DEFAULT 1 CHECK (count > 0),
    -- When it was counted up; null when it was opened once.
    last_at              timestamptz,
    -- What a person needs to decide, such as the readings of an ambiguous count.
    detail               text,
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (resolution IS NULL)),
    CHECK (resolution IN ('dismiss', 'refund', 'set_status')),
    CHECK ((resolved_at IS NULL) = (resolved_with IS NULL) AND (resolved_at IS NULL) = (resolution_note IS NULL)),
    CHECK ((resolution IS NOT DISTINCT FROM 'refund') = (resolution_refund_id IS NOT NULL)),
    CHECK (CASE resolution WHEN 'set_status' THEN resolution_status IS NOT NULL
      WHEN 'refund' THEN true ELSE resolution_status IS NULL END)
  );
  CREATE INDEX reviews_of_order ON reviews (order_id);
  CREATE INDEX open_reviews ON reviews (review_id) WHERE resolved_at IS NULL;
  CREATE INDEX reviews_of_reason ON reviews (reason, review_id);
  CREATE INDEX reviews_of_delivery ON reviews (delivery_id);

  -- Added to the changes feed by the database itself: reviews are rare, and several statements write them.
  CREATE FUNCTION add_opened_reviews() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      INSERT INTO change_feed (created_at, review_ids, review_change)
      SELECT max(opened_at), array_agg(review_id ORDER BY review_id), 'opened' FROM inserted HAVING count(*) > 0;
      RETURN NULL;
    END $$;
  CREATE TRIGGER add_opened_reviews AFTER INSERT ON reviews
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION add_opened_reviews();
  CREATE FUNCTION add_resolved_reviews() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      INSERT INTO change_feed (created_at, review_ids, review_change)
      SELECT max(after.resolved_at), array_agg(review_id ORDER BY review_id), 'resolved'
      FROM after JOIN before USING (review_id)
      WHERE before.resolved_at IS NULL AND after.resolved_at IS NOT NULL
      HAVING count(*) > 0;
      RETURN NULL;
    END $$;
  CREATE TRIGGER add_resolved_reviews AFTER UPDATE ON reviews
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION add_resolved_reviews();

  CREATE TABLE operator_actions (
    action_id  uuid PRIMARY KEY,
    order_id   text NOT NULL REFERENCES orders,
    action     text NOT NULL CHECK (action IN ('refund', 'cancel', 'set_status')),
    -- What the order became; null when it stayed.
    status     text,
    -- Checked at the end of the transaction that pays it.
    refund_id  uuid UNIQUE REFERENCES ledger_entries DEFERRABLE INITIALLY DEFERRED,
    note       text NOT NULL,
    -- The person, as the request says; the name of the API key when it does not.
    actor      text NOT NULL,
    key_id     text NOT NULL,
    created_at timestamptz NOT NULL
  );
  CREATE INDEX operator_actions_of_order ON operator_actions (order_id, action_id);
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change();

  GRANT SELECT, INSERT, UPDATE (resolved_at, resolved_by, resolved_with, resolution, resolution_note, resolution_status,
    resolution_refund_id, count, last_at, detail) ON reviews TO ${DATABASE_ROLES.ingest};
  GRANT SELECT, INSERT ON operator_actions TO ${DATABASE_ROLES.ingest}`
