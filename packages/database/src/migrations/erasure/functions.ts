import { DATABASE_ROLES } from '../../roles.ts'

/**
 * The functions of an erasure. They run as the owner of the database, because the services may neither change rows that are
 * append-only nor the id of a user, and can do with them nothing but what an erasure does.
 */
export const erasureFunctions = (schema: string): string[] => [
  REJECT_CHANGE,
  eraseJson(schema),
  eraseAccount(schema),
  eraseOrders(schema),
  eraseResponses(schema),
  `REVOKE ALL ON FUNCTION erase_account(uuid), erase_orders(uuid, text, integer), erase_responses(uuid, text, integer)
     FROM PUBLIC;
   GRANT EXECUTE ON FUNCTION erase_account(uuid), erase_orders(uuid, text, integer), erase_responses(uuid, text, integer)
     TO ${DATABASE_ROLES.ingest}`,
]

/** What the others reject is allowed to an erasure where a trigger bounds it to some columns. */
const REJECT_CHANGE = `
  CREATE OR REPLACE FUNCTION reject_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND current_setting('paxyo.erasure', true) = 'on'
        AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = TG_RELID AND tgname = 'only_erasure') THEN
        RETURN CASE TG_LEVEL WHEN 'ROW' THEN NEW END;
      END IF;
      RAISE EXCEPTION '% on % is rejected: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
    END $$`

/** The same JSON with the pseudonym, and without the links of the user's orders. */
const eraseJson = (schema: string): string => `
  CREATE FUNCTION erase_json(document jsonb, former text, alias text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
    BEGIN
      RETURN CASE jsonb_typeof(document)
        WHEN 'array' THEN (
          SELECT coalesce(jsonb_agg(${schema}.erase_json(value, former, alias) ORDER BY place), '[]')
          FROM jsonb_array_elements(document) WITH ORDINALITY AS element (value, place))
        WHEN 'object' THEN (
          SELECT coalesce(jsonb_object_agg(key, CASE
            WHEN key = 'userId' AND value = to_jsonb(former) THEN to_jsonb(alias)
            WHEN key = 'link' AND EXISTS (
              SELECT FROM ${schema}.orders WHERE order_id = document ->> 'orderId' AND user_id IN (former, alias)
            ) THEN '"erased"'
            ELSE ${schema}.erase_json(value, former, alias)
          END), '{}')
          FROM jsonb_each(document))
        ELSE document
      END;
    END $$`

/** Of events that are stored as they are sent; a later migration has another one. */
const ERASE_WHOLE_EVENTS = `
      UPDATE events SET user_id = alias, payload = CASE
          WHEN payload::jsonb #> '{order,link}' IS NULL THEN payload
          ELSE jsonb_set(payload::jsonb, '{order,link}', '"erased"')::text
        END
      WHERE user_id = former;`

/**
 * Renames the account, with everything that must agree with it at every moment. The account is marked, so no webhook waits
 * for its lock. Rows that other transactions may need, such as those of the outbox, come last.
 */
export const eraseAccount = (schema: string, eraseEvents = ERASE_WHOLE_EVENTS): string => `
  CREATE OR REPLACE FUNCTION erase_account(erasure uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
    DECLARE
      former text;
      alias text;
      entries bigint;
      digest text;
    BEGIN
      SELECT user_id, pseudonym INTO former, alias FROM erasures
      WHERE erasure_id = erasure AND user_id IS NOT NULL AND renamed_at IS NULL FOR UPDATE;
      IF NOT FOUND THEN
        RETURN;
      END IF;
      PERFORM set_config('paxyo.erasure', 'on', true);
      PERFORM FROM accounts WHERE user_id = former FOR UPDATE;
      INSERT INTO accounts (user_id, currency, balance_mode, created_at, refunded, order_counts)
      SELECT alias, currency, balance_mode, created_at, refunded, order_counts FROM accounts WHERE user_id = former;
      UPDATE orders SET user_id = alias, link = 'erased' WHERE user_id = former;
      UPDATE ledger_entries SET user_id = alias WHERE user_id = former;
      ${eraseEvents.trim()}
      UPDATE operator_actions AS action SET note = 'erased' FROM orders
      WHERE orders.user_id = alias AND action.order_id = orders.order_id;
      UPDATE reviews SET resolution_note = 'erased' FROM orders
      WHERE orders.user_id = alias AND reviews.order_id = orders.order_id AND resolution_note IS NOT NULL;
      DELETE FROM receipts WHERE user_id = former;
      DELETE FROM sent_positions WHERE user_id = former;
      UPDATE archive_keys SET user_id = NULL, key = NULL, destroyed_at = now() WHERE user_id = former;
      UPDATE accounts SET balance = account.balance, last_seq = account.last_seq, totals_seq = account.totals_seq
      FROM accounts AS account WHERE account.user_id = former AND accounts.user_id = alias;
      DELETE FROM accounts WHERE user_id = former;
      UPDATE erasures SET renamed_at = now() WHERE erasure_id = erasure;
      UPDATE change_feed SET user_ids = array_replace(user_ids, former, alias) WHERE former = ANY (user_ids);
      UPDATE outbox SET user_ids = array_replace(user_ids, former, alias) WHERE former = ANY (user_ids);

      WITH erased AS (
        UPDATE audit_log AS entry SET erasure_id = erasure, note = CASE WHEN note IS NOT NULL THEN 'erased' END,
          subject = CASE subject WHEN former THEN alias ELSE subject END,
          before = CASE subject WHEN former THEN NULL ELSE before END,
          after = CASE subject WHEN former THEN NULL ELSE after END
        WHERE entry.erasure_id IS NULL AND (subject = former
          OR note IS NOT NULL AND subject IN (SELECT order_id FROM orders WHERE user_id = alias))
        RETURNING position, hash
      )
      SELECT count(*),
        encode(sha256(convert_to(coalesce(string_agg(position || ':' || encode(hash, 'hex'), ',' ORDER BY position), ''),
          'UTF8')), 'hex')
      INTO entries, digest FROM erased;
      INSERT INTO audit_log (actor, actor_name, action, subject, after, result, address)
      SELECT actor, actor_name, 'eraseUser', alias,
        json_build_object('erasureId', erasure, 'entries', entries, 'digest', digest), 'ok', address
      FROM erasures WHERE erasure_id = erasure;
    END $$`

/**
 * Erases what belongs to the next orders of the pseudonym, without locking the account: bodies, responses of providers, and
 * outgoing webhooks.
 *
 * Two later migrations have more:
 *
 * @param isOfOrders SQL: whether a `delivery` of their provider orders is one of these orders (`ids`), and not of another one
 *   that has had the provider order.
 * @param eraseAttempts SQL: what the attempts of outgoing webhooks become.
 */
export const eraseOrders = (schema: string, isOfOrders = '', eraseAttempts = ''): string => `
  CREATE OR REPLACE FUNCTION erase_orders(erasure uuid, after_order text, orders_max integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
    DECLARE
      former text;
      alias text;
      ids text[];
      delivered text[];
    BEGIN
      SELECT user_id, pseudonym INTO former, alias FROM erasures
      WHERE erasure_id = erasure AND user_id IS NOT NULL AND renamed_at IS NOT NULL;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      ids := ARRAY(
        SELECT order_id FROM orders WHERE user_id = alias AND order_id > after_order ORDER BY order_id LIMIT orders_max);
      IF after_order = '' THEN
        -- Waits for those that are being added to the queue from changes that were read before.
        PERFORM FROM outgoing_webhook_endpoints ORDER BY endpoint_id FOR SHARE;
        UPDATE outgoing_webhooks AS webhook SET subject = 'account ' || alias,
          body = erase_json(body::jsonb, former, alias)::text${eraseAttempts}
        FROM outgoing_webhook_endpoints AS endpoint
        WHERE webhook.endpoint_id = endpoint.endpoint_id AND subject = 'account ' || former;
      END IF;
      WITH provider_orders AS (
        SELECT provider, provider_order_id FROM orders WHERE order_id = ANY (ids) AND provider_order_id IS NOT NULL
        UNION
        SELECT former_provider, former_provider_order_id FROM provider_order_changes
        WHERE order_id = ANY (ids) AND former_provider_order_id IS NOT NULL
      ), of_orders AS MATERIALIZED (
        SELECT delivery_id, received_at FROM deliveries AS delivery JOIN provider_orders USING (provider_order_id, provider)
        WHERE true ${isOfOrders}
      ), bodies AS (
        UPDATE deliveries AS delivery SET body = NULL FROM of_orders
        WHERE delivery.delivery_id = of_orders.delivery_id AND delivery.received_at = of_orders.received_at
          AND body IS NOT NULL
      )
      SELECT array_agg(delivery_id) INTO delivered FROM of_orders;
      UPDATE verifications SET response = NULL, last_error = NULL WHERE delivery_id = ANY (delivered);
      UPDATE outgoing_webhooks AS webhook SET body = erase_json(body::jsonb, former, alias)::text${eraseAttempts}
      FROM outgoing_webhook_endpoints AS endpoint, unnest(ids) AS of (order_id)
      WHERE webhook.endpoint_id = endpoint.endpoint_id AND subject = 'order ' || of.order_id;
      RETURN ids[cardinality(ids)];
    END $$`

/** A delivery that another order received with the provider order is not of these orders. */
export const OF_ITS_ORDERS =
  'AND order_of_delivery(delivery.provider, delivery.provider_order_id, received_at) = ANY (ids)'

/** The responses of the panel's server may name the user. */
export const ERASE_ATTEMPTS = `, attempt_history = NULL, last_error = CASE WHEN last_error IS NOT NULL THEN 'erased' END`

/** Erases the user from the next responses that are kept for retries; a retry still has no second effect. */
const eraseResponses = (schema: string): string => `
  CREATE FUNCTION erase_responses(erasure uuid, after_key text, keys_max integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
    DECLARE
      former text;
      alias text;
      keys text[];
    BEGIN
      SELECT user_id, pseudonym INTO former, alias FROM erasures
      WHERE erasure_id = erasure AND user_id IS NOT NULL AND renamed_at IS NOT NULL;
      keys := ARRAY(
        SELECT DISTINCT idempotency_key FROM idempotency_keys WHERE idempotency_key > after_key
        ORDER BY idempotency_key LIMIT keys_max);
      UPDATE idempotency_keys SET body = erase_json(body::jsonb, former, alias)::text
      WHERE idempotency_key = ANY (keys) AND (strpos(body, to_json(former)::text) > 0
        OR EXISTS (
          SELECT FROM jsonb_path_query(body::jsonb, '$.**.orderId') AS id JOIN orders ON order_id = id #>> '{}'
          WHERE user_id = alias));
      RETURN keys[cardinality(keys)];
    END $$`
