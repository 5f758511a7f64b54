import { boundedText, type ErrorCode } from '@paxyo/contracts'
import { isRejectedByDatabase, isRetryable, roundTrip } from '@paxyo/database'
import { commitChangeSet, type LedgerDeps, type LedgerTransaction } from '@paxyo/ledger'
import type { FastifyRequest } from 'fastify'
import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { z } from 'zod'
import type { Answer, WrittenAnswer } from './answer.ts'

const KEY_LENGTH_MAX = 255
const ATTEMPTS_MAX = 3

const idempotencyKeySchema = boundedText(
  KEY_LENGTH_MAX,
  /^[\x21-\x7e]+$/,
  'must be 1 to 255 printable ASCII characters without spaces',
).describe('Makes the request safe to send again: the same key has its effect once. Kept for at least 24 hours.')

/** The headers of a POST. */
export const idempotencyHeaders = z.looseObject({ 'idempotency-key': idempotencyKeySchema.optional() })

/** A request by which a key is bound to what it asks for. */
export interface IdempotentRequest {
  readonly key: string
  readonly hash: Buffer
  /** Which of the request's transactions this is; 0 when there is only one. */
  readonly part: number
}

/**
 * What the request's Idempotency-Key stands for; undefined when it has none. The body is hashed as it was understood, so
 * the order of its members and the spaces between them make no difference.
 *
 * @param understood what was read from the body, when that is not the body itself.
 */
export function idempotentRequest(request: FastifyRequest, understood = request.body): IdempotentRequest | undefined {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  const what = `${request.method} ${request.url}\n${JSON.stringify(understood ?? null)}`
  return { key, hash: createHash('sha256').update(what).digest(), part: 0 }
}

/** Notes changes and says what to answer; a refusal must have noted and written nothing. */
export type Work = (tx: LedgerTransaction) => Promise<Answer | ErrorCode>

/**
 * Runs `work` in a transaction and commits what it noted together with its answer, under the request's Idempotency-Key.
 * A request that was answered before is answered the same, and nothing is done. A refusal has no effect and is not kept:
 * the same request may succeed later. Work that lost a race against another transaction is run again.
 *
 * @throws the database's errors; the outcome is unknown when it could not be reached.
 */
export async function commitOnce(
  deps: LedgerDeps,
  request: IdempotentRequest | undefined,
  work: Work,
): Promise<WrittenAnswer | ErrorCode> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryOnce(deps, request, work)
    } catch (error) {
      const mayHaveLostRace = isRejectedByDatabase(error) || isRetryable(error)
      if (!mayHaveLostRace || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

function tryOnce(
  deps: LedgerDeps,
  request: IdempotentRequest | undefined,
  work: Work,
): Promise<WrittenAnswer | ErrorCode> {
  return commitChangeSet<WrittenAnswer | ErrorCode>(deps, async (tx) => {
    const earlier = request === undefined ? undefined : await takeKey(tx.client, request)
    if (earlier !== undefined) return earlier

    const result = await work(tx)
    if (typeof result === 'string') return result
    const { status, body, isReplay = false } = result
    const written = { status, json: JSON.stringify(body), isReplay }
    if (request !== undefined) await keepAnswer(tx.client, request, written)
    return written
  })
}

/** Two-part advisory locks are apart from the one-part ones of provider orders. */
const LOCK_KEY = `SELECT pg_try_advisory_xact_lock(hashtext('paxyo idempotency'), hashtext($1)) AS is_ours`
const READ_ANSWER = `
  SELECT request_hash, status, body FROM idempotency_keys WHERE idempotency_key = $1 AND part = $2`
const KEEP_ANSWER = `
  INSERT INTO idempotency_keys (idempotency_key, part, request_hash, status, body) VALUES ($1, $2, $3, $4, $5)`

interface AnswerRow {
  readonly request_hash: Buffer
  readonly status: number
  readonly body: string
}

/**
 * Makes the key ours until the transaction ends. Who finds it taken does not wait: waiting would hold a connection that
 * webhooks need.
 *
 * @returns undefined when the work is still to be done.
 */
async function takeKey(
  client: PoolClient,
  { key, hash, part }: IdempotentRequest,
): Promise<WrittenAnswer | ErrorCode | undefined> {
  // Statements of their own: the second must see what the lock's former holder has committed.
  const [lock, { rows }] = await roundTrip([
    client.query<{ is_ours: boolean }>(LOCK_KEY, [key]),
    client.query<AnswerRow>(READ_ANSWER, [key, part]),
  ])
  const answer = rows[0]
  if (answer !== undefined) {
    if (!answer.request_hash.equals(hash)) return 'idempotency_key_reused'
    return { status: answer.status, json: answer.body, isReplay: true }
  }
  return lock.rows[0]?.is_ours === true ? undefined : 'idempotency_key_in_use'
}

async function keepAnswer(
  client: PoolClient,
  { key, hash, part }: IdempotentRequest,
  { status, json }: WrittenAnswer,
): Promise<void> {
  await client.query(KEEP_ANSWER, [key, part, hash, status, json])
}
