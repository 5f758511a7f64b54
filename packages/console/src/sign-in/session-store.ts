import { hashToken, makeToken, toOperator, type Database, type Operator } from '@paxyo/database'
import { createWorker } from '@paxyo/service-kit'
import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import { SESSION_SECONDS } from './cookie.ts'

export interface SessionStore {
  /** @returns the operator of a session; undefined when it has ended. */
  find(token: string): Promise<Operator | undefined>
  /** @returns the token of a new session. */
  start(operatorId: string, address: string): Promise<string>
  end(token: string): Promise<void>
  /** Ends all sessions of an operator. */
  endAll(operatorId: string): Promise<void>
  /** Loads the sessions and their operators again, after a change. */
  reload(): Promise<void>
  /** Records when operators were last seen. */
  close(): Promise<void>
}

/** A session that was ended by another process stops working within this time. */
const RELOAD_INTERVAL_MS = 1_000
const RECORD_INTERVAL_MS = 60_000
const SESSIONS_MAX = 10_000

interface Session {
  readonly operator: Operator
  readonly expiresAt: Date
}

/** Keeps the sessions in memory, as the API keys are: a flood of wrong cookies causes one query at a time. */
export function createSessionStore({ db, log }: { readonly db: Kysely<Database>; readonly log: Logger }): SessionStore {
  let sessions = new Map<string, Session>()
  let loadedAt = -Infinity
  let recordedAt = -Infinity
  const seen = new Set<string>()
  const loader = createWorker({
    run: load,
    backstopMs: Infinity,
    // The requests that wait for the load receive its error.
    onError: () => undefined,
  })

  async function load(): Promise<void> {
    const startedAt = performance.now()
    const rows = await db
      .selectFrom('operator_sessions')
      .innerJoin('operators', 'operators.operator_id', 'operator_sessions.operator_id')
      .selectAll('operators')
      .select(['session_hash', 'expires_at'])
      .where('expires_at', '>', sql<Date>`now()`)
      .where('disabled_at', 'is', null)
      .orderBy('expires_at', 'desc')
      .limit(SESSIONS_MAX)
      .execute()
    sessions = new Map(
      rows.map((row) => [row.session_hash.toString('hex'), { operator: toOperator(row), expiresAt: row.expires_at }]),
    )
    loadedAt = startedAt
    if (startedAt - recordedAt > RECORD_INTERVAL_MS) await recordSeen()
  }

  async function recordSeen(): Promise<void> {
    recordedAt = performance.now()
    const operatorIds = [...seen]
    seen.clear()
    if (operatorIds.length === 0) return
    try {
      const now = sql<Date>`now()`
      await db.updateTable('operators').set({ last_seen_at: now }).where('operator_id', 'in', operatorIds).execute()
    } catch (error) {
      log.warn({ err: error }, 'last use of the console not recorded')
    }
  }

  return {
    async find(token) {
      // Looked up by a hash, so the time of the look-up says nothing about tokens.
      const key = hashToken(token).toString('hex')
      if (performance.now() - loadedAt >= RELOAD_INTERVAL_MS || !sessions.has(key)) await loader.runNow()
      const session = sessions.get(key)
      if (session === undefined || session.expiresAt.getTime() <= Date.now()) return undefined
      seen.add(session.operator.operatorId)
      return session.operator
    },
    async start(operatorId, address) {
      const { token, hash } = makeToken()
      await db
        .deleteFrom('operator_sessions')
        .where('expires_at', '<=', sql<Date>`now()`)
        .execute()
      const expiresAt = new Date(Date.now() + SESSION_SECONDS * 1_000)
      await db
        .insertInto('operator_sessions')
        .values({ session_hash: hash, operator_id: operatorId, expires_at: expiresAt, address })
        .execute()
      return token
    },
    async end(token) {
      await db.deleteFrom('operator_sessions').where('session_hash', '=', hashToken(token)).execute()
      await loader.runNow()
    },
    async endAll(operatorId) {
      await db.deleteFrom('operator_sessions').where('operator_id', '=', operatorId).execute()
      await loader.runNow()
    },
    reload: () => loader.runNow(),
    async close() {
      await loader.close()
      await recordSeen()
    },
  }
}
