import type { Database } from '@paxyo/database'
import type { NewId } from '@paxyo/ledger'
import { sql, type Kysely } from 'kysely'
import { createHash } from 'node:crypto'

/** An authenticated request that could not be read, as it is kept. */
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
  /** As it was sent; undefined when it was too large to be read. */
  readonly body: Buffer | undefined
}

/** The most that are kept of one provider: the newest. */
export const REJECTED_PER_PROVIDER_MAX = 10_000
/** Headers are the sender's, and this is a table. */
const HEADER_LENGTH_MAX = 256

/**
 * Keeps a request that was rejected, so that it can be replayed once the configuration or this program can read it. One
 * that the provider sends several times is kept once, and counted.
 *
 * @returns its id.
 */
export async function keepRejectedRequest(
  db: Kysely<Database>,
  newId: NewId,
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
    // Received once more after its replay, it is open again.
    .onConflict((conflict) =>
      conflict.columns(['provider', 'digest']).doUpdateSet({
        last_received_at: receivedAt,
        count: sql<number>`rejected_requests.count + 1`,
        replayed_at: null,
      }),
    )
    .returning('request_id')
    .executeTakeFirstOrThrow()
  await deleteBeyondMax(db, provider)
  return requestId
}

async function deleteBeyondMax(db: Kysely<Database>, provider: string): Promise<void> {
  const beyond = db
    .selectFrom('rejected_requests')
    .select('request_id')
    .where('provider', '=', provider)
    .orderBy('request_id', 'desc')
    .offset(REJECTED_PER_PROVIDER_MAX)
  await db.deleteFrom('rejected_requests').where('request_id', 'in', beyond).execute()
}

/** PostgreSQL takes no NUL, and Node takes none in a header. */
const bounded = (header: string | undefined): string | null => header?.slice(0, HEADER_LENGTH_MAX) ?? null
