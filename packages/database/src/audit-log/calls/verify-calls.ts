import { createHash } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../../schema.generated.ts'
import { parseLines } from './call-lines.ts'

/** The entry of a group in the audit log. */
export interface GroupEntry {
  readonly position: number
  /** When it was written, in microseconds since 1970. */
  readonly atUs: number
  /** `{calls, from, to, digest}`, as JSON. */
  readonly after: string | null
}

/** Groups that are read at once: each has up to a thousand calls. */
const GROUPS_MAX = 50
/** How long the database keeps a group at least. */
const KEPT_US_MIN = 7 * 86_400 * 1_000_000

/**
 * Checks that each group has the lines of its entry's digest, or was deleted by its retention, and that each user in them is the
 * one that the call was about, or was erased. The log has an entry of each deletion and of each erasure.
 */
export function createCallCheck(db: Kysely<Database>, report: (problem: string) => void) {
  let calls = 0
  const missing: GroupEntry[] = []
  /** Refs without a user, with the position of a group that has them. */
  const unknownRefs = new Map<string, number>()

  async function checkGroups(entries: readonly GroupEntry[]): Promise<void> {
    const positions = entries.map(({ position }) => position)
    const rows = await db
      .selectFrom('audit_call_groups')
      .select(['position', 'lines'])
      .where('position', 'in', positions)
      .execute()
    const linesByPosition = new Map(rows.map(({ position, lines }) => [position, lines]))
    const positionByRef = new Map<string, number>()
    for (const entry of entries) {
      const { position } = entry
      const lines = linesByPosition.get(position)
      const expected = JSON.parse(entry.after ?? '{}') as { calls?: number; digest?: string }
      if (lines === undefined) missing.push(entry)
      else if (createHash('sha256').update(lines).digest('hex') !== expected.digest) {
        report(`entry ${position}: its calls were changed after they were chained`)
      } else {
        calls += expected.calls ?? 0
        for (const { ref } of parseLines(lines)) if (ref !== null) positionByRef.set(ref, position)
      }
    }
    await checkRefs(positionByRef)
  }

  async function checkRefs(positionByRef: ReadonlyMap<string, number>): Promise<void> {
    if (positionByRef.size === 0) return
    const rows = await db
      .selectFrom('audit_call_users')
      .select(['ref', 'salt', 'user_id'])
      .where('ref', 'in', [...positionByRef.keys()])
      .execute()
    const known = new Set(rows.filter((row) => refOf(row.salt, row.user_id) === row.ref).map(({ ref }) => ref))
    for (const [ref, position] of positionByRef) if (!known.has(ref)) unknownRefs.set(ref, position)
  }

  return {
    /** Calls whose group was found as it was chained. */
    get calls() {
      return calls
    },

    /** In the order of their positions. */
    async addEntries(entries: readonly GroupEntry[]): Promise<void> {
      for (let from = 0; from < entries.length; from += GROUPS_MAX) {
        await checkGroups(entries.slice(from, from + GROUPS_MAX))
      }
    },

    async finish(): Promise<void> {
      const deletions = await readDeletions(db)
      for (const { position, atUs } of missing) {
        // The latest one that it can belong to.
        const deletion = deletions.findLast(({ through }) => through >= position)
        const isByRetention = deletion !== undefined && atUs <= deletion.atUs - KEPT_US_MIN
        if (!isByRetention)
          report(`entry ${position}: its calls are gone, and no deletion in the log accounts for them`)
      }
      const erased = await readErasedRefs(db)
      for (const [ref, position] of unknownRefs) {
        if (!erased.has(ref)) report(`entry ${position}: the user ${ref} of its calls is unknown, and was not erased`)
      }
      for (const position of await readAddedGroups(db)) {
        report(`entry ${position}: it has calls that it does not account for`)
      }
    },
  }
}

const refOf = (salt: string, userId: string): string =>
  createHash('sha256').update(`${salt}:${userId}`).digest().subarray(0, 24).toString('base64')

async function readDeletions(db: Kysely<Database>): Promise<{ readonly through: number; readonly atUs: number }[]> {
  const rows = await db
    .selectFrom('audit_log')
    .select([
      sql<number>`(after ->> 'through')::bigint`.as('through'),
      sql<number>`(extract(epoch FROM at) * 1000000)::bigint`.as('atUs'),
    ])
    .where('action', '=', 'deleteCalls')
    .orderBy('position')
    .execute()
  return rows
}

async function readErasedRefs(db: Kysely<Database>): Promise<Set<string>> {
  const rows = await db.selectFrom('audit_log').select('after').where('action', '=', 'eraseCalls').execute()
  return new Set(rows.flatMap(({ after }) => (after as { refs?: string[] } | null)?.refs ?? []))
}

async function readAddedGroups(db: Kysely<Database>): Promise<number[]> {
  const { rows } = await sql<{ position: number }>`
    SELECT position FROM audit_call_groups AS added
    WHERE NOT EXISTS (SELECT FROM audit_log WHERE position = added.position AND action = 'chainCalls')
    ORDER BY position LIMIT 10`.execute(db)
  return rows.map(({ position }) => position)
}
