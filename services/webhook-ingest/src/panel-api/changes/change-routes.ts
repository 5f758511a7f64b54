import { type ConcurrencyLimiter } from '@paxyo/service-kit'
import {
  formatFeedCursor,
  parseFeedCursor,
  readChangeFeedHead,
  readChanges,
  type Change,
  type ChangeFeed,
  type FeedCursor,
  type UnusableCursor,
} from '@paxyo/ledger'
import { changeFeedSchema, readChangesQuery, type ChangeFeed as ChangeFeedPage } from '@paxyo/panel-client'
import type { Pool } from 'pg'
import { type ApiDeps, operation, type PanelApi, reject, type RejectCursor } from '@paxyo/panel-api-kit'

export interface ChangeRouteDeps {
  readonly changeFeed: ChangeFeed
  readonly rejectCursor: RejectCursor
}

/** Pages that one request reads when none of their changes has a requested type. */
const PAGES_MAX = 20

const COPY_HINT =
  'copy the orders with GET /v1/orders?updatedAfter=<the time of your last change>, and continue at its changesCursor'

/**
 * `GET /v1/changes`: every committed change, in commit order. A held request uses no database connection, so these routes
 * are not limited as the others are: each reading is.
 */
export function registerChangeRoutes(
  api: PanelApi,
  { pool, changeFeed, rejectCursor, limiter }: ApiDeps & ChangeRouteDeps & { readonly limiter: ConcurrencyLimiter },
): void {
  const schema = {
    querystring: readChangesQuery,
    ...operation({
      operationId: 'readChanges',
      scope: 'read',
      tag: 'Changes',
      summary: 'Follow all changes from a cursor',
      description:
        'Returns the changes of orders, accounts and reviews in commit order, whatever caused them. A new change always ' +
        'comes after those already returned, so a client that follows the cursor gets each change exactly once. With ' +
        '`wait` the request is held until there is a change, and no polling is necessary. A cursor that the database does ' +
        'not have, which happens for seconds during a failover, gets 503 `database_unavailable`: retry with it.',
      responses: { 200: { description: 'The changes after the cursor.', schema: changeFeedSchema } },
      errors: ['invalid_cursor', 'cursor_void', 'cursor_expired'],
    }),
  }
  // A held request must not delay the end of the process.
  api.addHook('preClose', async () => changeFeed.release())
  api.get('/v1/changes', { schema }, async (request, reply) => {
    const { after, types, limit, wait } = request.query
    const cursor = after === undefined ? undefined : parseFeedCursor(after)
    if (after !== undefined && cursor === undefined) return reject(reply, 'invalid_cursor')

    const closed = new AbortController()
    reply.raw.once('close', () => closed.abort())
    const until = wait === 0 ? AbortSignal.abort() : AbortSignal.any([AbortSignal.timeout(wait * 1000), closed.signal])
    const wanted = types === undefined ? undefined : new Set(types.split(','))
    const read = (from: FeedCursor): Promise<Result> =>
      limited(limiter, () => readMatching(pool, { after: from, limit, wanted }))

    const start = await limited(limiter, () => appendAndReadEnd({ pool, changeFeed }))
    let page = typeof start === 'string' || cursor === undefined ? start : await read(cursor)
    while (typeof page === 'object' && page !== start && isEmpty(page)) {
      const { cursor: at } = page
      const waited = await changeFeed.waitAfter(at.position, until)
      if (waited === 'full') return reject(reply, 'queue_full')
      if (waited === 'ended') break
      page = await read(at)
    }
    if (typeof page === 'object') return reply.send(toView(page))
    return page === 'queue_full' ? reject(reply, page) : rejectCursor(reply, after, page, COPY_HINT)
  })
}

interface MatchingPage {
  readonly changes: readonly Change[]
  readonly cursor: FeedCursor
  readonly hasMore: boolean
}

type Result = MatchingPage | UnusableCursor | 'queue_full'

const isEmpty = ({ changes, hasMore }: MatchingPage): boolean => changes.length === 0 && !hasMore

async function limited(limiter: ConcurrencyLimiter, read: () => Promise<Result>): Promise<Result> {
  const leave = await limiter.enter()
  if (leave === undefined) return 'queue_full'
  return read().finally(leave)
}

/** Appends what is committed, once for all requests that do so at the same time. */
async function appendAndReadEnd({
  pool,
  changeFeed,
}: Pick<ApiDeps & ChangeRouteDeps, 'pool' | 'changeFeed'>): Promise<MatchingPage> {
  await changeFeed.append()
  const { epoch, position } = await readChangeFeedHead(pool)
  return { changes: [], cursor: { epoch, position }, hasMore: false }
}

/** The next page with a change of a wanted type; an empty one after many without. */
async function readMatching(
  pool: Pool,
  { after, limit, wanted }: { after: FeedCursor; limit: number; wanted: ReadonlySet<string> | undefined },
): Promise<Result> {
  let cursor = after
  for (let count = 1; ; count += 1) {
    const page = await readChanges(pool, cursor, limit)
    if (typeof page === 'string') return page
    const changes = wanted === undefined ? page.changes : page.changes.filter(({ type }) => wanted.has(type))
    if (changes.length > 0 || !page.hasMore || count === PAGES_MAX) return { ...page, changes }
    cursor = page.cursor
  }
}

function toView({ changes, cursor, hasMore }: MatchingPage): ChangeFeedPage {
  const { epoch } = cursor
  const data = changes.map(({ position, ...change }) => ({ id: formatFeedCursor({ epoch, position }), ...change }))
  return { data: data as ChangeFeedPage['data'], cursor: formatFeedCursor(cursor), hasMore }
}
