import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** The actions of people on orders: append-only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
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
    )`.execute(db)
  await sql`CREATE INDEX operator_actions_of_order ON operator_actions (order_id, action_id)`.execute(db)
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change()`.execute(db)
  await sql`GRANT SELECT, INSERT ON operator_actions TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
