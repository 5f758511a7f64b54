import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../../schema.generated.ts'
import { parseLines, type ChainedCall } from './call-lines.ts'
import type { AuditCall } from './insert-calls.ts'

/** A recorded call. */
export interface LoggedCall extends AuditCall {
  /** As an ISO time with microseconds. */
  readonly at: string
  /** Of the entry of the audit log that has its digest; null until it is chained. */
  readonly position: number | null
}

export interface AuditCallsQuery {
  /** Only calls of an API key. */
  readonly actor?: string | undefined
  /** Only calls that name this order or token. */
  readonly subject?: string | undefined
  readonly userId?: string | undefined
}

const GROUPS_MAX = 20

/**
 * The recorded calls, the newest first. The id of a user who was erased is null. A call that is chained meanwhile can be in it
 * twice.
 *
 * @example
 * await Array.fromAsync(readAuditCalls(createKysely(pool), { actor: 'environment' })) //=> []
 */
export async function* readAuditCalls(db: Kysely<Database>, query: AuditCallsQuery): AsyncGenerator<LoggedCall> {
  yield* await readUnchained(db, query)
  const { actor, subject, userId } = query
  const refs = userId === undefined ? undefined : await readRefs(db, userId)
  const isWanted = (call: ChainedCall): boolean =>
    (actor === undefined || call.actor === actor) &&
    (refs === undefined || (call.ref !== null && refs.has(call.ref))) &&
    names(call, subject)
  const texts = [actor, subject].filter((text) => text !== undefined).map((text) => JSON.stringify(text))
  for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined;) {
    const groups = await readGroups(db, texts, before)
    for (const { position, lines } of groups) {
      const calls = parseLines(lines).filter(isWanted).toReversed()
      const userByRef = await readUsers(db, calls)
      for (const { ref, ...call } of calls) {
        yield { ...call, position, userId: ref === null ? null : (userByRef.get(ref) ?? null) }
      }
    }
    before = groups.length < GROUPS_MAX ? undefined : groups.at(-1)?.position
  }
}

async function readUnchained(db: Kysely<Database>, { actor, subject, userId }: AuditCallsQuery): Promise<LoggedCall[]> {
  let query = db.selectFrom('audit_calls').selectAll().select(TIME).orderBy('call_id', 'desc')
  if (actor !== undefined) query = query.where('actor', '=', actor)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  const calls = (await query.execute()).map((row): LoggedCall => ({
    at: row.time,
    position: null,
    actor: row.actor,
    address: row.address,
    action: row.action,
    subject: row.subject,
    userId: row.user_id,
    result: row.result,
    after: row.after as object | null,
  }))
  return calls.filter((call) => names(call, subject))
}

const TIME = sql<string>`to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('time')

/** The next groups in which all of the texts are somewhere. */
function readGroups(db: Kysely<Database>, texts: readonly string[], before: number) {
  let query = db
    .selectFrom('audit_call_groups')
    .select(['position', 'lines'])
    .where('position', '<', before)
    .orderBy('position', 'desc')
    .limit(GROUPS_MAX)
  for (const text of texts) query = query.where(sql<boolean>`strpos(lines, ${text}) > 0`)
  return query.execute()
}

async function readRefs(db: Kysely<Database>, userId: string): Promise<Set<string>> {
  const rows = await db.selectFrom('audit_call_users').select('ref').where('user_id', '=', userId).execute()
  return new Set(rows.map(({ ref }) => ref))
}

async function readUsers(db: Kysely<Database>, calls: readonly ChainedCall[]): Promise<Map<string, string>> {
  const refs = [...new Set(calls.map(({ ref }) => ref))].filter((ref) => ref !== null)
  if (refs.length === 0) return new Map()
  const rows = await db.selectFrom('audit_call_users').select(['ref', 'user_id']).where('ref', 'in', refs).execute()
  return new Map(rows.map((row) => [row.ref, row.user_id]))
}

/** A call of many orders has their ids in its details. */
const names = (call: Pick<AuditCall, 'subject' | 'after'>, subject: string | undefined): boolean =>
  subject === undefined || call.subject === subject || JSON.stringify(call.after).includes(JSON.stringify(subject))
