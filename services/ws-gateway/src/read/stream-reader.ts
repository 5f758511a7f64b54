import type { AccountView, Position, TotalsView } from '@paxyo/contracts'
import { createAheadPositions } from '@paxyo/database'
import type { Pool } from 'pg'
import { coalesce } from './coalesce.ts'
import {
  readBatchIds,
  readBehind,
  readHistory,
  readEventsSince,
  readMissed,
  readTokenRevoked,
  type EventRow,
  type Head,
  type History,
  type Missed,
  type Since,
  type TokenOfUser,
} from './queries.ts'
import { readFromPrimary, type ReadSource } from './read-database.ts'
import { readSnapshots, type Snapshot } from './snapshots.ts'

/** Where a client's stream begins. */
export type StreamStart = Pick<Head, 'epoch' | 'tokensIssuedBeforeMs' | 'isTokenRevoked'> &
  (
    | { readonly mode: 'resumed'; readonly seq: number; readonly events: readonly EventRow[] }
    | {
        readonly mode: 'snapshot'
        readonly seq: number
        readonly account: AccountView | undefined
        /** An array, as JSON text. */
        readonly orders: string
        readonly totals: TotalsView | undefined
        readonly older?: string | undefined
      }
  )

/** Reads users' streams from the database; concurrent reads share queries. */
export interface StreamReader {
  history(): Promise<History>
  /**
   * Reads the start of a client's stream: the events after its position, or a snapshot when it has no position, when the
   * position is of another epoch or older than the oldest kept event, or when it has missed too many events, or when the
   * database has been behind the position for some time.
   *
   * @param isWanted whether the result is still needed.
   * @param tokenId the `jti` of the client's token.
   * @throws when the database is unavailable, or behind the position since just now, and when the result is no longer needed.
   */
  start(
    userId: string,
    position: Position | undefined,
    isWanted?: () => boolean,
    tokenId?: string,
  ): Promise<StreamStart>
  /** The events after a seq, oldest first; at most `EVENTS_MAX`. */
  eventsSince(userId: string, seq: number): Promise<readonly EventRow[]>
  /** The users among them whose stream goes on after the seq. Costs one index lookup per user, whatever they missed. */
  behind(since: readonly Since[]): Promise<readonly string[]>
  /** Whether a token of a user is revoked. */
  isTokenRevoked(userId: string, tokenId: string): Promise<boolean>
  /** The oldest batches in the outbox: their events are not published, or were published just now. */
  batchIds(max: number): Promise<readonly string[]>
}

export interface StreamReaderOptions {
  /** The primary. */
  readonly pool: Pool
  /** For what clients receive, which is most of what is read; the primary by default. */
  readonly source?: ReadSource
  /** The maximum number of orders in a snapshot. */
  readonly snapshotOrdersMax?: number
  /** The maximum size of the orders of a snapshot, and of the missed events of one client. */
  readonly welcomeBytesMax?: number
  /** Called for each client whose position the database does not have; `isVoid` when it has not had it for some time. */
  readonly onAhead?: (isVoid: boolean) => void
  /** In ms; by default `performance.now`. */
  readonly now?: () => number
}

/** A user who did not come back for so long was ahead in another failover. */
const FORGET_MS = 300_000
const BEHIND =
  'the database does not have an event that the client has received: it is a former primary, or a backup was restored without a new epoch (paxyo epoch rotate)'

/** The maximum number of missed events that one read returns. A client that has missed more gets a snapshot. */
export const EVENTS_MAX = 500
const SNAPSHOT_ORDERS_MAX = 200
/** About 1,000 orders of the usual length, or 50 of the greatest. */
export const WELCOME_BYTES_MAX = 512 * 1024
const SNAPSHOT_USERS_PER_QUERY_MAX = 100
const EVENT_USERS_PER_QUERY_MAX = 500
const BEHIND_USERS_PER_QUERY_MAX = 5_000
/** For each of the three kinds of combined query; with that of orders, fewer than the connections of the pool. */
const CONCURRENT_QUERIES_MAX = 2
/** The minimum time from the start of a query that is not full to the next one: requests gather in it. */
const GATHER_MS = 20

export function createStreamReader(options: StreamReaderOptions): StreamReader {
  const { pool, snapshotOrdersMax = SNAPSHOT_ORDERS_MAX, welcomeBytesMax = WELCOME_BYTES_MAX } = options
  const { source = readFromPrimary(pool), onAhead, now = () => performance.now() } = options
  const ahead = createAheadPositions(now, FORGET_MS)
  const snapshotBounds = { ordersMax: snapshotOrdersMax, bytesMax: welcomeBytesMax }
  const missedBounds = { eventsMax: EVENTS_MAX, bytesMax: welcomeBytesMax }
  const pace = { concurrency: CONCURRENT_QUERIES_MAX, gatherMs: GATHER_MS }
  const snapshotOf = coalesce<TokenOfUser, Snapshot>(
    (users) => source.read((database) => readSnapshots(database, users, snapshotBounds)),
    {
      batchMax: SNAPSHOT_USERS_PER_QUERY_MAX,
      ...pace,
    },
  )
  const eventsSince = coalesce<Since, readonly EventRow[]>(
    (since) => source.read((database) => readEventsSince(database, since, EVENTS_MAX)),
    {
      batchMax: EVENT_USERS_PER_QUERY_MAX,
      ...pace,
    },
  )
  const missedSince = coalesce<Since & TokenOfUser, Missed>(
    (since) => source.read((database) => readMissed(database, since, missedBounds)),
    {
      batchMax: EVENT_USERS_PER_QUERY_MAX,
      ...pace,
    },
  )

  async function resume(
    user: TokenOfUser,
    { epoch, seq }: Position,
    isWanted?: () => boolean,
  ): Promise<StreamStart | undefined> {
    const { events, ...head } = await missedSince({ ...user, seq }, isWanted)
    if (head.epoch !== epoch) return undefined
    if (seq > head.seq) {
      const isVoid = ahead.isRestored(user.userId)
      onAhead?.(isVoid)
      if (isVoid) return undefined
      throw new Error(BEHIND)
    }
    ahead.hasReceived(user.userId)
    // Too many events were missed, or the oldest of them is no longer kept.
    if (seq < head.seq && events[0]?.seq !== seq + 1) return undefined
    const { tokensIssuedBeforeMs, isTokenRevoked } = head
    return { mode: 'resumed', epoch, seq, tokensIssuedBeforeMs, isTokenRevoked, events }
  }

  return {
    history: () => readHistory(pool),
    async start(userId, position, isWanted, tokenId) {
      const user = { userId, tokenId }
      const resumed = position === undefined ? undefined : await resume(user, position, isWanted)
      return resumed ?? { mode: 'snapshot', ...(await snapshotOf(user, isWanted)) }
    },
    eventsSince: (userId, seq) => eventsSince({ userId, seq }),
    isTokenRevoked: (userId, tokenId) => readTokenRevoked(pool, userId, tokenId),
    batchIds: (max) => readBatchIds(pool, max),
    async behind(since) {
      const behind: string[] = []
      // One after the other: joins need the other connections of the pool.
      for (let from = 0; from < since.length; from += BEHIND_USERS_PER_QUERY_MAX) {
        const some = since.slice(from, from + BEHIND_USERS_PER_QUERY_MAX)
        behind.push(...(await source.read((database) => readBehind(database, some))))
      }
      return behind
    },
  }
}
