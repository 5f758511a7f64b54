import { DATABASE_ROLES, PRIVILEGE_TO_SET_ROLE } from '@paxyo/database/roles'
import { failed, ok, type Diagnostic, type ReadSession } from '@paxyo/database/diagnostics'

const { ingest, gateway } = DATABASE_ROLES

type Rights = readonly (readonly [role: string, table: string, rights: readonly string[]])[]

/** The privileges that the migrations grant to each role. A privilege on a column is enough where only columns may be changed. */
export const NEEDED_RIGHTS: Rights = [
  [ingest, 'accounts', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'orders', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'provider_order_changes', ['SELECT', 'INSERT']],
  [ingest, 'ledger_entries', ['SELECT', 'INSERT']],
  [ingest, 'deliveries', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'repeatable_delivery_ids', ['SELECT', 'INSERT']],
  [ingest, 'verifications', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'rejected_requests', ['SELECT', 'INSERT', 'UPDATE', 'DELETE']],
  [ingest, 'reconciliations', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'reconcile_runs', ['SELECT', 'INSERT', 'UPDATE', 'DELETE']],
  [ingest, 'reviews', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'mapped_words', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'operator_actions', ['SELECT', 'INSERT']],
  [ingest, 'erasures', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'events', ['SELECT', 'INSERT']],
  [ingest, 'outbox', ['SELECT', 'INSERT', 'DELETE']],
  [ingest, 'stream_epoch', ['SELECT', 'UPDATE']],
  [ingest, 'refund_feed', ['SELECT', 'UPDATE']],
  [ingest, 'change_feed', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'change_feed_head', ['SELECT', 'UPDATE']],
  [ingest, 'outgoing_webhooks', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'outgoing_webhook_endpoints', ['SELECT', 'INSERT', 'UPDATE', 'DELETE']],
  [ingest, 'connection_cutoffs', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'revoked_tokens', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'receipts', ['SELECT', 'INSERT']],
  [ingest, 'sent_positions', ['SELECT', 'INSERT']],
  [ingest, 'api_keys', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'revoked_keys', ['SELECT', 'INSERT']],
  [ingest, 'idempotency_keys', ['SELECT', 'INSERT']],
  [ingest, 'service_secrets', ['SELECT', 'INSERT', 'UPDATE', 'DELETE']],
  [ingest, 'operators', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'operator_links', ['SELECT', 'INSERT', 'UPDATE']],
  [ingest, 'operator_sessions', ['SELECT', 'INSERT', 'DELETE']],
  [ingest, 'operator_passkeys', ['SELECT', 'INSERT', 'UPDATE', 'DELETE']],
  [ingest, 'operator_refunds', ['SELECT', 'INSERT']],
  [ingest, 'operations_tickets', ['SELECT', 'INSERT', 'DELETE']],
  [ingest, 'passkey_challenges', ['SELECT', 'INSERT', 'DELETE']],
  [ingest, 'audit_log', ['SELECT', 'INSERT']],
  [ingest, 'audit_calls', ['SELECT', 'INSERT']],
  [ingest, 'audit_call_groups', ['SELECT']],
  [ingest, 'audit_call_users', ['SELECT']],
  [ingest, 'audit_log_signatures', ['SELECT']],
  [ingest, 'maintenance_runs', ['SELECT']],
  [gateway, 'accounts', ['SELECT']],
  [gateway, 'orders', ['SELECT']],
  [gateway, 'events', ['SELECT']],
  [gateway, 'outbox', ['SELECT']],
  [gateway, 'stream_epoch', ['SELECT']],
  [gateway, 'connection_cutoffs', ['SELECT']],
  [gateway, 'revoked_tokens', ['SELECT']],
  [gateway, 'operators', ['SELECT']],
  [gateway, 'operator_sessions', ['SELECT']],
  [gateway, 'operations_tickets', ['SELECT', 'DELETE']],
]

/** The privileges that no role may have: changing history, or, for the gateway, writing. */
const FORBIDDEN: Rights = [
  [ingest, 'ledger_entries', ['UPDATE', 'DELETE', 'TRUNCATE']],
  [ingest, 'events', ['UPDATE', 'DELETE', 'TRUNCATE']],
  [ingest, 'audit_log', ['UPDATE', 'DELETE', 'TRUNCATE']],
  [ingest, 'audit_calls', ['UPDATE', 'DELETE', 'TRUNCATE']],
  [ingest, 'audit_call_groups', ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']],
  [gateway, 'accounts', ['INSERT', 'UPDATE', 'DELETE']],
  [gateway, 'orders', ['INSERT', 'UPDATE', 'DELETE']],
  [gateway, 'events', ['INSERT', 'UPDATE', 'DELETE']],
]

const READ_ROLES = `
  SELECT name, oid IS NOT NULL AS "exists", oid IS NOT NULL AND pg_has_role(current_user, oid, ${PRIVILEGE_TO_SET_ROLE}) AS "canBeAssumed"
  FROM unnest($1::text[]) AS name LEFT JOIN pg_roles ON rolname = name`

// A privilege on all columns counts as one on any; DELETE and TRUNCATE have no column privileges.
const READ_RIGHTS = `
  SELECT "role", "table", "right",
    has_table_privilege("role", "table", "right")
      OR "right" IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege("role", "table", "right") AS "has"
  FROM unnest($1::text[], $2::text[], $3::text[]) AS asked ("role", "table", "right")`

/** The triggers that reject what no service does. */
const TRIGGERS = [
  ['ledger_entries', 'append_only'],
  ['events', 'append_only'],
  ['accounts', 'balance_has_entry'],
  ['accounts', 'opening_balance'],
] as const

const READ_MISSING_TRIGGERS = `
  SELECT "table", "trigger" FROM unnest($1::text[], $2::text[]) AS needed ("table", "trigger")
  WHERE NOT EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = "table"::regclass AND tgname = "trigger" AND tgenabled IN ('O', 'A'))`

export async function diagnoseRights(database: ReadSession): Promise<readonly Diagnostic[]> {
  const roles = await database.query<{ name: string; exists: boolean; canBeAssumed: boolean }>(READ_ROLES, [
    [ingest, gateway],
  ])
  const missing = roles.filter(({ exists }) => !exists).map(({ name }) => name)
  if (missing.length > 0) {
    const hint = `CREATE ROLE ${missing[0]} NOLOGIN; then run the GRANT statements of packages/database/src/migrations.`
    return [
      failed('roles', `missing roles: ${missing.join(', ')}; was the database restored from another server?`, hint),
    ]
  }
  return [diagnoseRoles(roles), await diagnoseGrants(database), await diagnoseTriggers(database)]
}

/** A login needs the role of its service; the owner has both. */
function diagnoseRoles(roles: readonly { name: string; canBeAssumed: boolean }[]): Diagnostic {
  const taken = roles.filter(({ canBeAssumed }) => canBeAssumed).map(({ name }) => name)
  if (taken.length > 0) return ok('roles', `this login can assume ${taken.join(' and ')}`)
  return failed(
    'roles',
    `this login can assume neither ${ingest} nor ${gateway}`,
    `GRANT ${ingest} TO <login>; as the owner.`,
  )
}

async function diagnoseGrants(database: ReadSession): Promise<Diagnostic> {
  const lacking = (await readRights(database, NEEDED_RIGHTS)).filter(({ has }) => !has)
  const tooMany = (await readRights(database, FORBIDDEN)).filter(({ has }) => has)
  const first = lacking[0] ?? tooMany[0]
  if (first === undefined) return ok('grants', 'each role has the privileges that it needs, and cannot change history')
  const describe = (privileges: Privilege[], verb: string): string[] =>
    privileges.map(({ role, table, right }) => `${role} ${verb} ${right} ${table}`)
  return failed(
    'grants',
    [...describe(lacking, 'may not'), ...describe(tooMany, 'may')].join('; '),
    lacking.length > 0
      ? `GRANT ${first.right} ON ${first.table} TO ${first.role}; as the owner, and likewise for the others.`
      : `REVOKE ${first.right} ON ${first.table} FROM ${first.role}; as the owner, and likewise for the others.`,
  )
}

interface Privilege {
  readonly role: string
  readonly table: string
  readonly right: string
  readonly has: boolean
}

function readRights(database: ReadSession, rights: Rights): Promise<readonly Privilege[]> {
  const asked = rights.flatMap(([role, table, names]) => names.map((right) => ({ role, table, right })))
  return database.query<Privilege>(READ_RIGHTS, [
    asked.map(({ role }) => role),
    asked.map(({ table }) => table),
    asked.map(({ right }) => right),
  ])
}

async function diagnoseTriggers(database: ReadSession): Promise<Diagnostic> {
  const rows = await database.query<{ table: string; trigger: string }>(READ_MISSING_TRIGGERS, [
    TRIGGERS.map(([table]) => table),
    TRIGGERS.map(([, trigger]) => trigger),
  ])
  const first = rows[0]
  if (first === undefined)
    return ok('triggers', 'the database rejects changes of the ledger, and balances without an entry')
  const names = rows.map(({ table, trigger }) => `${trigger} of ${table}`).join(', ')
  const hint = `ALTER TABLE ${first.table} ENABLE TRIGGER ${first.trigger}; as the owner, then paxyo audit.`
  return failed('triggers', `disabled or missing triggers: ${names}`, hint)
}
