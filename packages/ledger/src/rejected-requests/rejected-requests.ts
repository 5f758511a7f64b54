import { createKysely, isRejectedByDatabase, NotConnectedError, type Database } from '@paxyo/database'
import { sql, type Kysely } from 'kysely'
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { NewId } from '../model/new-id.ts'
import { createGrouping } from '../transaction/grouping.ts'

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
/** Finding those beyond the maximum passes over all that are kept. */
const TRIM_INTERVAL_MS = 1_000
/** How many are kept by one statement, and may wait for it: each may be as large as a webhook may be. */
const GROUP_MAX = 50
const WAITING_MAX = 1_000
/** Bounds the size of a row: the sender chooses the headers. */
const HEADER_LENGTH_MAX = 256

export interface RejectedRequestDeps {
  readonly pool: Pool
  readonly newId: NewId
  readonly log: Logger
  /** Called for each request, before it is kept. */
  readonly onRejected?: (request: RejectedRequest) => void
  /** Called when requests beyond the maximum were deleted that are not replayed. */
  readonly onDeleted?: (count: number) => void
  /** Called when the requests beyond the maximum could not be deleted. */
  readonly onTrimFailed?: () => void
}

export interface RejectedRequestFilter {
  readonly provider: string | undefined
  readonly limit: number
}

/** The rejected requests of all providers. */
export interface RejectedRequests {
  /**
   * Keeps a rejected request, so that it can be replayed after a change of the configuration or an upgrade. A request
   * that the provider retries is kept once and counted. Those that arrive together are kept by one statement.
   *
   * @returns its id.
   * @throws NotConnectedError when too many wait.
   */
  keep(request: RejectedRequest): Promise<string>
  /** @returns requests without their bodies, the newest first, before an id. */
  list(
    filter: RejectedRequestFilter & {
      readonly state: 'open' | 'replayed' | 'all'
      readonly before: string | undefined
    },
  ): Promise<RejectedRow[]>
  /** @returns a request with its body; undefined when it does not exist. */
  read(requestId: string): Promise<FullRejectedRow | undefined>
  /** @returns requests that are not replayed, with their bodies, the oldest first, after an id. */
  readOpen(filter: RejectedRequestFilter & { readonly after: string | undefined }): Promise<FullRejectedRow[]>
  markReplayed(requestId: string): Promise<void>
}

/**
 * The authenticated requests that could not be read.
 *
 * @example
 * const requests = createRejectedRequests({ pool, newId, log })
 * const sent = { contentType: 'text/xml', contentEncoding: undefined, messageId: undefined, body: Buffer.from('<a/>') }
 * const from = { provider: 'godofpanel', receivedAt: new Date(), address: '192.0.2.1' }
 * const requestId = await requests.keep({ ...sent, ...from, reason: 'malformed_json', detail: undefined })
 * const [open] = await requests.readOpen({ provider: 'godofpanel', after: undefined, limit: 10 })
 * open!.request_id === requestId //=> true
 */
export function createRejectedRequests(deps: RejectedRequestDeps): RejectedRequests {
  const { pool, newId, log, onRejected, onDeleted, onTrimFailed } = deps
  const db = createKysely(pool)
  const trimmedAt = new Map<string, number>()

  /** Once a second, in this process: another one may do it at the same time. */
  async function trim(provider: string): Promise<void> {
    const now = performance.now()
    if (now - (trimmedAt.get(provider) ?? -Infinity) < TRIM_INTERVAL_MS) return
    trimmedAt.set(provider, now)
    try {
      const deleted = await deleteBeyondMax(db, provider)
      if (deleted === 0) return
      log.error({ provider, deleted }, 'rejected requests beyond the maximum deleted')
      onDeleted?.(deleted)
    } catch (err) {
      // The request is kept; the next one trims.
      log.warn({ err, provider }, 'rejected requests not trimmed')
      onTrimFailed?.()
    }
  }

  const keeping = createGrouping<RejectedRequest, string | Error>(GROUP_MAX, async (requests) => {
    try {
      return await store(db, newId, requests)
    } catch (error) {
      if (requests.length === 1 || !isRejectedByDatabase(error)) throw error
    }
    // One that the database rejects does not fail the others, which take no more connections than before.
    const results: (string | Error)[] = []
    for (const request of requests) {
      results.push(...(await store(db, newId, [request]).catch((error: Error) => [error])))
    }
    return results
  })

  return {
    async keep(request) {
      onRejected?.(request)
      if (keeping.waitingCount >= WAITING_MAX) throw new NotConnectedError('too many rejected requests wait to be kept')
      const kept = await keeping.submit(request)
      if (kept instanceof Error) throw kept
      await trim(request.provider)
      return kept
    },
    list({ provider, state, before, limit }) {
      let query = selectRequests(db).orderBy('request_id', 'desc').limit(limit)
      if (provider !== undefined) query = query.where('provider', '=', provider)
      if (state !== 'all') query = query.where('replayed_at', state === 'open' ? 'is' : 'is not', null)
      if (before !== undefined) query = query.where('request_id', '<', before)
      return query.execute()
    },
    read: (requestId) => selectRequests(db).select('body').where('request_id', '=', requestId).executeTakeFirst(),
    readOpen({ provider, after, limit }) {
      let query = selectRequests(db).select('body').where('replayed_at', 'is', null).orderBy('request_id').limit(limit)
      if (provider !== undefined) query = query.where('provider', '=', provider)
      if (after !== undefined) query = query.where('request_id', '>', after)
      return query.execute()
    },
    async markReplayed(requestId) {
      await db
        .updateTable('rejected_requests')
        .set({ replayed_at: sql<Date>`clock_timestamp()` })
        .where('request_id', '=', requestId)
        .execute()
    },
  }
}

const selectRequests = (db: Kysely<Database>) =>
  db
    .selectFrom('rejected_requests')
    .select([
      'request_id',
      'provider',
      'reason',
      'detail',
      'content_type',
      'content_encoding',
      'message_id',
      'received_at',
      'last_received_at',
      'count',
      'address',
      'replayed_at',
    ])
    .select(sql<number | null>`length(body)`.as('body_bytes'))

export type RejectedRow = Awaited<ReturnType<ReturnType<typeof selectRequests>['execute']>>[number]

export interface FullRejectedRow extends RejectedRow {
  readonly body: Buffer | null
}

/** Requests that are equal share a row, which counts them. */
const keyOf = ({ provider, digest }: { readonly provider: string; readonly digest: Buffer }): string =>
  `${provider} ${digest.toString('base64')}`

/** @returns the id of each request, in their order. */
async function store(db: Kysely<Database>, newId: NewId, requests: readonly RejectedRequest[]): Promise<string[]> {
  const rows = new Map<string, ReturnType<typeof toRow>>()
  const keys = requests.map((request) => {
    const row = toRow(newId(), request)
    const key = keyOf(row)
    const equal = rows.get(key)
    if (equal === undefined) rows.set(key, row)
    else {
      equal.last_received_at = row.received_at
      equal.count += 1
    }
    return key
  })
  const stored = await db
    .insertInto('rejected_requests')
    // In the same order in each process: otherwise two could wait for each other.
    .values([...rows.keys()].toSorted().map((key) => rows.get(key)!))
    // A request that is received again after its replay has to be replayed again.
    .onConflict((conflict) =>
      conflict.columns(['provider', 'digest']).doUpdateSet({
        last_received_at: (eb) => eb.ref('excluded.last_received_at'),
        count: sql<number>`rejected_requests.count + excluded.count`,
        replayed_at: null,
      }),
    )
    .returning(['request_id', 'provider', 'digest'])
    .execute()
  const ids = new Map(stored.map((row) => [keyOf(row), row.request_id]))
  return keys.map((key) => ids.get(key)!)
}

function toRow(requestId: string, request: RejectedRequest) {
  const { provider, receivedAt, reason, detail, address, body } = request
  const contentType = bounded(request.contentType)
  const contentEncoding = bounded(request.contentEncoding)
  const digest = createHash('sha256')
    .update(JSON.stringify([contentType, contentEncoding]))
    .update(body ?? '')
    .digest()
  return {
    request_id: requestId,
    provider,
    digest,
    received_at: receivedAt,
    last_received_at: receivedAt,
    count: 1,
    reason,
    detail: detail ?? null,
    content_type: contentType,
    content_encoding: contentEncoding,
    message_id: bounded(request.messageId),
    address,
    body: body ?? null,
  }
}

/**
 * Rows that another process deletes, or receives again, are left out: to wait for them could be a deadlock.
 *
 * @returns how many were deleted that are not replayed, the oldest.
 */
async function deleteBeyondMax(db: Kysely<Database>, provider: string): Promise<number> {
  const ofProvider = db.selectFrom('rejected_requests').select('request_id').where('provider', '=', provider)
  const newestBeyond = ofProvider.orderBy('request_id', 'desc').offset(REJECTED_PER_PROVIDER_MAX).limit(1)
  const beyond = ofProvider.where('request_id', '<=', newestBeyond).forUpdate().skipLocked()
  const deleted = await db
    .deleteFrom('rejected_requests')
    .where('request_id', 'in', beyond)
    .returning('replayed_at')
    .execute()
  return deleted.filter(({ replayed_at: replayedAt }) => replayedAt === null).length
}

const bounded = (header: string | undefined): string | null => header?.slice(0, HEADER_LENGTH_MAX) ?? null
