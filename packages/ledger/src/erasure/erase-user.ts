/**
 * Guarantees: after an erasure, no row names the user, and the ledger is as before: every amount, every sum, the order of
 * the entries and the hash chain of the audit log. Webhooks of the user's orders are acknowledged all the time, and none is
 * lost. A process that dies leaves an erasure that the services continue.
 *
 * How: an erasure is committed as a row, and its account is marked. From then on deliveries of the user's orders are parked,
 * as if the orders were not registered yet, so that no webhook waits for the account. One transaction puts the pseudonym in
 * the place of the user's id wherever both must agree. Then the parked deliveries are applied, to the pseudonym; and what
 * belongs to the orders is erased in steps. At last the row forgets the user.
 */

import { isRetryable, transaction } from '@paxyo/database'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { setCutoff } from '../connections/set-cutoff.ts'
import { awaitParking } from '../deliveries/hold-erasures.ts'
import type { NewId } from '../model/new-id.ts'
import { commitImport, type ImportDeps } from '../transaction/commit-import.ts'
import { applyParked, findParked } from './apply-parked.ts'

/** Orders of one step. */
const ORDERS_MAX = 200
/** Stored responses of one step. */
const KEYS_MAX = 1_000
/** A user with a million orders takes about a minute. */
const RENAME_MS_MAX = 3_600_000
const ATTEMPTS_MAX = 20
const PAUSE_MS = 250
/** Longer than an erasure takes: the process that began it may still be at work, and two of them only wait for each other. */
const RESUME_AFTER_S = 300

export interface ErasureRequest {
  readonly userId: string
  readonly actor: string
  readonly actorName: string
  readonly address: string | null
}

interface Erasure {
  readonly erasureId: string
  readonly pseudonym: string
}

/**
 * Erases a user: revokes the tokens, closes the connections, and puts a pseudonym in the place of the user's id. Repeating it
 * while it runs waits for the same erasure.
 *
 * @returns undefined when the user has no account.
 * @example
 * await eraseUser(ledger, { userId: 'zoe', actor: 'environment', actorName: 'environment', address: null }) //=> undefined
 */
export async function eraseUser(deps: ImportDeps, request: ErasureRequest): Promise<Erasure | undefined> {
  const erasure = await requestErasure(deps.pool, request, deps.newId)
  if (erasure === undefined) return undefined
  await setCutoff(deps.pool, request.userId, 'revoke')
  await carryOut(deps, erasure)
  return erasure
}

const FIND_UNFINISHED = `
  SELECT erasure_id AS "erasureId", pseudonym FROM erasures
  WHERE user_id IS NOT NULL AND requested_at < now() - $1 * interval '1 second' ORDER BY requested_at`

/**
 * Finishes the erasures whose process died. One that fails does not stop the others.
 *
 * @returns how many.
 * @throws AggregateError with the errors of those that failed.
 */
export async function resumeErasures(deps: ImportDeps, afterS = RESUME_AFTER_S): Promise<number> {
  const { rows } = await deps.pool.query<Erasure>(FIND_UNFINISHED, [afterS])
  const errors: unknown[] = []
  for (const erasure of rows) await carryOut(deps, erasure).catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of ${rows.length} erasures failed`)
  return rows.length
}

// The update does nothing but return the row of an erasure that is under way.
const REQUEST = `
  INSERT INTO erasures (erasure_id, user_id, pseudonym, actor, actor_name, address)
  SELECT $2, user_id, $3, $4, $5, $6 FROM accounts WHERE user_id = $1
  ON CONFLICT (user_id) WHERE user_id IS NOT NULL DO UPDATE SET user_id = excluded.user_id
  RETURNING erasure_id AS "erasureId", pseudonym`
const FIND_RENAMED = `SELECT erasure_id AS "erasureId", pseudonym FROM erasures WHERE user_id = $1`

async function requestErasure(pool: Pool, request: ErasureRequest, newId: NewId): Promise<Erasure | undefined> {
  const { userId, actor, actorName, address } = request
  // Random, so that nothing leads from it to the user.
  const pseudonym = `erased-${randomBytes(8).toString('hex')}`
  const requested = await pool.query<Erasure>(REQUEST, [userId, newId(), pseudonym, actor, actorName, address])
  if (requested.rows[0] !== undefined) return requested.rows[0]
  return (await pool.query<Erasure>(FIND_RENAMED, [userId])).rows[0]
}

const MARK = `
  UPDATE accounts SET is_erasing = true
  WHERE user_id = (SELECT user_id FROM erasures WHERE erasure_id = $1 AND renamed_at IS NULL)`
const FINISH = `UPDATE erasures SET user_id = NULL, finished_at = now() WHERE erasure_id = $1 AND user_id IS NOT NULL`

async function carryOut(deps: ImportDeps, { erasureId, pseudonym }: Erasure): Promise<void> {
  const { pool } = deps
  await pool.query(MARK, [erasureId])
  await retrying(() => rename(pool, erasureId))
  await awaitParking(pool)
  for (let after = ''; ;) {
    const parked = await findParked(pool, pseudonym, after, ORDERS_MAX)
    if (parked.length === 0) break
    await commitImport(deps, (tx) => applyParked(tx, parked))
    after = parked.at(-1)!.orderId
  }
  await inSteps(pool, 'SELECT erase_orders($1, $2, $3) AS last', [erasureId, ORDERS_MAX])
  await inSteps(pool, 'SELECT erase_responses($1, $2, $3) AS last', [erasureId, KEYS_MAX])
  // Its trigger takes the user out of the routine calls of the audit log.
  await retrying(() => pool.query(FINISH, [erasureId]))
}

/** However many orders the user has, all of them are renamed at once: no webhook waits for it. */
async function rename(pool: Pool, erasureId: string): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${RENAME_MS_MAX}`)
    const query = { text: 'SELECT erase_account($1)', values: [erasureId], query_timeout: RENAME_MS_MAX }
    await client.query(query)
  })
}

async function inSteps(pool: Pool, text: string, [erasureId, max]: readonly [string, number]): Promise<void> {
  for (let last: string | null = ''; last !== null;) {
    const after: string = last
    const { rows } = await retrying(() => pool.query<{ last: string | null }>(text, [erasureId, after, max]))
    last = rows[0]!.last
  }
}

/** A webhook may hold a lock, or the primary may change: each step can be repeated. */
async function retrying<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      if (!isRetryable(error) || attempt === ATTEMPTS_MAX) throw error
      await sleep(PAUSE_MS)
    }
  }
}
