import type { Database } from '@paxyo/database'
import type { NewId } from '@paxyo/ledger'
import { sql, type Kysely } from 'kysely'
import { createHash } from 'node:crypto'
import type { Logger } from 'pino'

/** An authenticated request that was too large, or could not be decoded or parsed. */
export interface RejectedRequest {
  readonly provider: string
  readonly receivedAt: Date
  /** The error code of its response. */
  readonly reason: string
  readonly detail: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly messageId: string | undefined
  readonly address: string
  /** The bytes that were sent; undefined when there were too many. */
  readonly body: Buffer | undefined
}

/** How many requests of one provider are kept: the newest. */
const REJECTED_PER_PROVIDER_MAX = 10_000
/** Bounds the size of a row: the sender chooses the headers. */
const HEADER_LENGTH_MAX = 256

export interface RejectedRequestDeps {
  readonly db: Kysely<Database>
  readonly newId: NewId
  readonly log: Logger
}

/**
 * Keeps a rejected request, so that it can be replayed after a change of the configuration or an upgrade. A request that
 * the provider retries is kept once and counted.
 *
 * @returns its id.
 */
export async function keepRejectedRequest(
  { db, newId, log }: RejectedRequestDeps,
  request: RejectedRequest,
): Promise<string> {
  const { provider, receivedAt, reason, detail, body } = request
  const contentType = bounded(request.contentType)
  const contentEncoding = bounded(request.contentEncoding)
  const digest = createHash('sha256')
    .update(JSON.stringify([contentType, contentEncoding]))
    .update(body ?? '')
    .digest()
  const { request_id: requestId } = await db
    .insertInto('rejected_requests')
    .values({
      request_id: newId(),
      provider,
      digest,
      received_at: receivedAt,
      last_received_at: receivedAt,
      reason,
      detail: detail ?? null,
      content_type: contentType,
      content_encoding: contentEncoding,
      message_id: bounded(request.messageId),
      address: request.address,
      body: body ?? null,
    })
    // A request that is received again after its replay has to be replayed again.
    .onConflict((conflict) =>
      conflict.columns(['provider', 'digest']).doUpdateSet({
        last_received_at: receivedAt,
        count: sql<number>`rejected_requests.count + 1`,
        replayed_at: null,
      }),
    )
    .returning('request_id')
    .executeTakeFirstOrThrow()
  const deleted = await deleteBeyondMax(db, provider)
  if (deleted > 0) log.error({ provider, deleted: Number(deleted) }, 'rejected requests beyond the maximum deleted')
  return requestId
}

/** @returns how many were deleted, the oldest. */
async function deleteBeyondMax(db: Kysely<Database>, provider: string): Promise<bigint> {
  const beyond = db
    .selectFrom('rejected_requests')
    .select('request_id')
    .where('provider', '=', provider)
    .orderBy('request_id', 'desc')
    .offset(REJECTED_PER_PROVIDER_MAX)
  const { numDeletedRows } = await db
    .deleteFrom('rejected_requests')
    .where('request_id', 'in', beyond)
    .executeTakeFirstOrThrow()
  return numDeletedRows
}

const bounded = (header: string | undefined): string | null => header?.slice(0, HEADER_LENGTH_MAX) ?? null
