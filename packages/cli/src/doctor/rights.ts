import { DATABASE_ROLES } from '@paxyo/database'
import type { DatabaseSession } from '../connect-database.ts'
import { failed, ok, type Finding } from './finding.ts'

const { ingest, gateway } = DATABASE_ROLES

/** What each role must be able to do. A column's right is enough where only columns may be changed. */
const NEEDED: readonly (readonly [role: string, table: string, rights: readonly string[]])[] = [
  [ingest, 'accounts', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'orders', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'deliveries', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'ledger_entries', ['SELECT', 'INSERT']],
  [ingest, 'events', ['SELECT', 'INSERT']],
  [ingest, 'outbox', ['SELECT', 'INSERT', 'DELETE']],
  [ingest, 'reviews', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'stream_epoch', ['SELECT']],
  [ingest, 'api_keys', ['SELECT', 'UPDATE']],
  [ingest, 'idempotency_keys', ['SELECT', 'INSERT']],
  [ingest, 'refund_feed', ['SELECT', 'UPDATE']],
  [ingest, 'outgoing_webhooks', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'outgoing_webhook_cursor', ['SELECT', 'INSERT', 'UPDATE']],
  [gateway, 'accounts', ['SELECT']],
  [gateway, 'orders', ['SELECT']],
  [gateway, 'events', ['SELECT']],
  [gateway, 'stream_epoch', ['SELECT']],
]

/** What no role may do: rewrite the past, or, for the gateway, write at all. */
const FORBIDDEN: typeof NEEDED = [
  [ingest, 'ledger_entries', ['UPDATE', 'DELETE', 'TRUNCATE']],
  [ingest, 'events', ['UPDATE', 'DELETE', 'TRUNCATE']],
  [gateway, 'accounts', ['INSERT', 'UPDATE', 'DELETE']],
  [gateway, 'orders', ['INSERT', 'UPDATE', 'DELETE']],
  [gateway, 'events', ['INSERT', 'UPDATE', 'DELETE']],
]

const READ_ROLES = `
  SELECT name, oid IS NOT NULL AS "isThere", oid IS NOT NULL AND pg_has_role(current_user, oid, 'SET') AS "mayBeTaken"
  FROM unnest($1::text[]) AS name LEFT JOIN pg_roles ON rolname = name`

// A right on all columns is one on any; DELETE and TRUNCATE know no columns.
const READ_RIGHTS = `
  SELECT "role", "table", "right",
    has_table_privilege("role", "table", "right")
      OR "right" IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege("role", "table", "right") AS "has"
  FROM unnest($1::text[], $2::text[], $3::text[]) AS asked ("role", "table", "right")`

const READ_GUARDS = `
  SELECT name FROM unnest(ARRAY['ledger_entries', 'events']) AS name
  WHERE NOT EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = name::regclass AND tgname = 'append_only' AND tgenabled IN ('O', 'A'))`

export async function rightsFindings(database: DatabaseSession): Promise<readonly Finding[]> {
  const roles = await database.query<{ name: string; isThere: boolean; mayBeTaken: boolean }>(READ_ROLES, [
    [ingest, gateway],
  ])
  const missing = roles.filter(({ isThere }) => !isThere).map(({ name }) => name)
  if (missing.length > 0) {
    const hint = `CREATE ROLE ${missing[0]} NOLOGIN; then grant what packages/database/src/migrations/0002-roles.ts says.`
    return [failed('roles', `the roles ${missing.join(', ')} are not there: restored from another server?`, hint)]
  }
  return [roleFinding(roles), await grantsFinding(database), await guardsFinding(database)]
}

/** A login needs one of the roles, the one of its service; the owner has both. */
function roleFinding(roles: readonly { name: string; mayBeTaken: boolean }[]): Finding {
  const taken = roles.filter(({ mayBeTaken }) => mayBeTaken).map(({ name }) => name)
  if (taken.length > 0) return ok('roles', `this login may take on ${taken.join(' and ')}`)
  return failed('roles', 'this login may take on none of our roles', `GRANT ${ingest} TO <login>; as the owner.`)
}

async function grantsFinding(database: DatabaseSession): Promise<Finding> {
  const lacking = (await readRights(database, NEEDED)).filter(({ has }) => !has)
  const tooMany = (await readRights(database, FORBIDDEN)).filter(({ has }) => has)
  const first = lacking[0] ?? tooMany[0]
  if (first === undefined) return ok('grants', 'each role may do what it needs, and cannot rewrite the past')
  const say = (asked: Asked[], verb: string): string[] =>
    asked.map(({ role, table, right }) => `${role} ${verb} ${right} ${table}`)
  return failed(
    'grants',
    [...say(lacking, 'may not'), ...say(tooMany, 'may')].join('; '),
    lacking.length > 0
      ? `GRANT ${first.right} ON ${first.table} TO ${first.role}; as the owner, and so on.`
      : `REVOKE ${first.right} ON ${first.table} FROM ${first.role}; as the owner, and so on.`,
  )
}

interface Asked {
  readonly role: string
  readonly table: string
  readonly right: string
  readonly has: boolean
}

function readRights(database: DatabaseSession, rights: typeof NEEDED): Promise<Asked[]> {
  const asked = rights.flatMap(([role, table, names]) => names.map((right) => ({ role, table, right })))
  return database.query<Asked>(READ_RIGHTS, [
    asked.map(({ role }) => role),
    asked.map(({ table }) => table),
    asked.map(({ right }) => right),
  ])
}

async function guardsFinding(database: DatabaseSession): Promise<Finding> {
  const rows = await database.query<{ name: string }>(READ_GUARDS)
  const first = rows[0]
  if (first === undefined) return ok('append-only', 'ledger and events refuse every change')
  const names = rows.map(({ name }) => name).join(', ')
  const hint = `ALTER TABLE ${first.name} ENABLE TRIGGER append_only; as the owner, then paxyo audit.`
  return failed('append-only', `the guard of ${names} is switched off or gone`, hint)
}
