import { sql, type Kysely } from 'kysely'
import { AT, codeOf, PHRASES, VERSION_1 } from '../stored-event.ts'
import { eraseAccount } from './erasure/functions.ts'

/**
 * Events are stored without what all of them have in common (`stored-event.ts`): `compact`, or `payload` in rows of former
 * versions. `event_payload(events)` returns the bytes that were published.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT quote_ident(current_schema()) AS schema`.execute(db)
  for (const statement of [
    `ALTER TABLE events ADD compact text, ALTER payload DROP NOT NULL`,
    EVENT_PAYLOAD,
    `CREATE OR REPLACE TRIGGER only_erasure BEFORE UPDATE ON events
       FOR EACH ROW EXECUTE FUNCTION reject_other_columns('user_id', 'payload', 'compact')`,
    eraseAccount(rows[0]!.schema, ERASE_EVENTS),
  ]) {
    await sql.raw(statement).execute(db)
  }
}

// Phrases contain the character of the time, so it is replaced after them.
const expanded = PHRASES.reduce(
  (text, phrase, index) => `replace(${text}, '${codeOf(index)}', '${phrase}')`,
  'event.compact',
)

const EVENT_PAYLOAD = `
  CREATE FUNCTION event_payload(event events) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN event.payload IS NOT NULL THEN event.payload ELSE
      replace(replace(${expanded}, '${VERSION_1}', '{"type":"event","seq":' || event.seq),
        '${AT}', '"' || to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"') END
  $$`

/** An event with a link is stored as a whole. */
const ERASE_EVENTS = `
      UPDATE events SET user_id = alias,
        payload = CASE
          WHEN event_payload(events)::jsonb #> '{order,link}' IS NULL THEN payload
          ELSE jsonb_set(event_payload(events)::jsonb, '{order,link}', '"erased"')::text
        END,
        compact = CASE WHEN event_payload(events)::jsonb #> '{order,link}' IS NULL THEN compact END
      WHERE user_id = former;`
