import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely'
import { appendAuditEntry, type AuditEntry } from '../audit-log/append-entry.ts'
import type { DB as Database, Operators } from '../schema.generated.ts'
import { makeToken } from './one-time-token.ts'

/** A person who uses the console, without the password and the key of one-time codes. */
export interface Operator {
  readonly operatorId: string
  readonly name: string
  readonly role: string
  /** What a support operator may refund in 24 hours; null for the other roles. */
  readonly refundLimit: string | null
  readonly state: 'invited' | 'active' | 'disabled'
  readonly hasTotp: boolean
  readonly createdAt: Date
  readonly lastSeenAt: Date | null
}

/** The author of a change to an operator, for the audit log. */
export type AuditActor = Pick<AuditEntry, 'actor' | 'actorName' | 'address'>

/** A link with which a person chooses a password, once. */
export interface OperatorLink {
  readonly token: string
  readonly expiresAt: Date
}

const OWNER_LINK_HOURS = 1
const INVITATION_HOURS = 72

/**
 * The operators, by name.
 *
 * @example
 * await listOperators(createKysely(pool)) //=> []
 */
export async function listOperators(db: Kysely<Database>): Promise<Operator[]> {
  const rows = await db.selectFrom('operators').selectAll().orderBy('name').execute()
  return rows.map(toOperator)
}

/**
 * An operator from its row.
 *
 * @example
 * const rows = await createKysely(pool).selectFrom('operators').selectAll().execute()
 * rows.map(toOperator) //=> []
 */
export function toOperator(row: Selectable<Operators>): Operator {
  return {
    operatorId: row.operator_id,
    name: row.name,
    role: row.role,
    // Without the zeros of the column's scale.
    refundLimit: row.refund_limit?.replace(/\.?0{1,8}$/, '') ?? null,
    state: row.disabled_at !== null ? 'disabled' : row.password_hash === null ? 'invited' : 'active',
    hasTotp: row.totp_secret !== null,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
  }
}

/**
 * Creates a link with which a person becomes an owner. It voids the ones before.
 *
 * @example
 * const { token } = await createOwnerLink(createKysely(pool), { actor: 'command line', actorName: 'ann', address: null })
 * token.length //=> 43
 */
export function createOwnerLink(db: Kysely<Database>, by: AuditActor): Promise<OperatorLink> {
  return db.transaction().execute(async (tx) => {
    const link = await createLink(tx, null, OWNER_LINK_HOURS)
    await appendAuditEntry(tx, audit(by, 'createOwnerLink', null))
    return link
  })
}

/**
 * Invites a person, who chooses a password with the link.
 *
 * @param refundLimit for the role support, and only for it.
 * @example
 * const by = { actor: 'command line', actorName: 'ann', address: null }
 * const invited = await inviteOperator(createKysely(pool), { name: 'Bob', role: 'support', refundLimit: '50' }, by)
 * typeof invited === 'object' && invited.operator.state //=> 'invited'
 */
export function inviteOperator(
  db: Kysely<Database>,
  { name, role, refundLimit }: { readonly name: string; readonly role: string; readonly refundLimit: string | null },
  by: AuditActor,
): Promise<{ readonly operator: Operator; readonly link: OperatorLink } | 'operator_exists'> {
  return db.transaction().execute(async (tx) => {
    const row = await tx
      .insertInto('operators')
      .values({ operator_id: newOperatorId(), name, role, refund_limit: refundLimit })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row === undefined) return 'operator_exists'
    const link = await createLink(tx, row.operator_id, INVITATION_HOURS)
    await appendAuditEntry(tx, audit(by, 'inviteOperator', row.operator_id, null, { name, role, refundLimit }))
    return { operator: toOperator(row), link }
  })
}

/**
 * A new operator's id.
 *
 * @example
 * newOperatorId().length //=> 16
 */
export function newOperatorId(): string {
  return `opr_${randomBytes(6).toString('hex')}`
}

/**
 * Creates a link with which an operator chooses a new password; until then, the old one remains.
 *
 * @example
 * const by = { actor: 'command line', actorName: 'ann', address: null }
 * await createPasswordLink(createKysely(pool), 'opr_0123456789ab', by) //=> 'operator_not_found'
 */
export function createPasswordLink(
  db: Kysely<Database>,
  operatorId: string,
  by: AuditActor,
): Promise<OperatorLink | 'operator_not_found'> {
  return db.transaction().execute(async (tx) => {
    const known = await readOperator(tx, operatorId)
    if (known === undefined) return 'operator_not_found'
    const link = await createLink(tx, operatorId, INVITATION_HOURS)
    await appendAuditEntry(tx, audit(by, 'createPasswordLink', operatorId))
    return link
  })
}

/** A change of an operator; what is undefined stays. */
export interface OperatorChange {
  readonly role?: string | undefined
  readonly refundLimit?: string | null | undefined
  readonly isDisabled?: boolean | undefined
}

/**
 * Changes an operator, and ends the sessions of one who is disabled. One owner who can sign in always remains.
 *
 * @example
 * const by = { actor: 'command line', actorName: 'ann', address: null }
 * await changeOperator(createKysely(pool), 'opr_0123456789ab', { isDisabled: true }, by) //=> 'operator_not_found'
 */
export function changeOperator(
  db: Kysely<Database>,
  operatorId: string,
  change: OperatorChange,
  by: AuditActor,
): Promise<Operator | 'operator_not_found' | 'last_owner'> {
  return db.transaction().execute(async (tx) => {
    // Two owners must not disable each other at the same time.
    await sql`SELECT pg_advisory_xact_lock(hashtext('paxyo operators'), 0)`.execute(tx)
    const before = await readOperator(tx, operatorId)
    if (before === undefined) return 'operator_not_found'
    const { role = before.role, isDisabled = before.state === 'disabled' } = change
    if ((role !== 'owner' || isDisabled) && (await isLastOwner(tx, before))) return 'last_owner'
    const limit = role === 'support' ? (change.refundLimit ?? before.refundLimit ?? '0') : null
    const row = await tx
      .updateTable('operators')
      .set({
        role,
        refund_limit: limit,
        disabled_at: isDisabled ? sql<Date>`coalesce(disabled_at, now())` : null,
      })
      .where('operator_id', '=', operatorId)
      .returningAll()
      .executeTakeFirstOrThrow()
    if (isDisabled) await tx.deleteFrom('operator_sessions').where('operator_id', '=', operatorId).execute()
    const after = toOperator(row)
    await appendAuditEntry(tx, audit(by, 'changeOperator', operatorId, shown(before), shown(after)))
    return after
  })
}

async function readOperator(tx: Transaction<Database>, operatorId: string): Promise<Operator | undefined> {
  const row = await tx.selectFrom('operators').selectAll().where('operator_id', '=', operatorId).executeTakeFirst()
  return row && toOperator(row)
}

async function isLastOwner(tx: Transaction<Database>, { operatorId, role, state }: Operator): Promise<boolean> {
  if (role !== 'owner' || state !== 'active') return false
  const other = await tx
    .selectFrom('operators')
    .select('operator_id')
    .where('role', '=', 'owner')
    .where('disabled_at', 'is', null)
    .where('password_hash', 'is not', null)
    .where('operator_id', '<>', operatorId)
    .limit(1)
    .executeTakeFirst()
  return other === undefined
}

async function createLink(tx: Transaction<Database>, operatorId: string | null, hours: number): Promise<OperatorLink> {
  const { token, hash } = makeToken()
  const expiresAt = new Date(Date.now() + hours * 3_600_000)
  await tx
    .updateTable('operator_links')
    .set({ used_at: sql<Date>`now()` })
    .where('operator_id', operatorId === null ? 'is' : '=', operatorId)
    .where('used_at', 'is', null)
    .execute()
  await tx
    .insertInto('operator_links')
    .values({ link_hash: hash, operator_id: operatorId, expires_at: expiresAt })
    .execute()
  return { token, expiresAt }
}

const shown = ({ role, refundLimit, state }: Operator): object => ({ role, refundLimit, state })

function audit(
  by: AuditActor,
  action: string,
  subject: string | null,
  before: object | null = null,
  after: object | null = null,
): AuditEntry {
  return { ...by, action, subject, note: null, before, after, result: 'ok' }
}
