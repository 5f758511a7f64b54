import type { AccountView, BalanceMode, TotalsView } from '@paxyo/contracts'
import { formatOrderCursor, NEWEST, ORDER_JSON, orderCursor } from './order-json.ts'
import { IS_TOKEN_REVOKED, TOKENS_ISSUED_BEFORE, type Head, type TokenOfUser } from './queries.ts'
import { checkedRows, type PrimaryRow, type ReadDatabase } from './read-database.ts'

export interface Snapshot extends Head {
  readonly account: AccountView | undefined
  /** The open orders and the most recent others, newest first: an array, as the JSON text that clients are sent. */
  readonly orders: string
  /** Of all orders; undefined for a user without an account. */
  readonly totals: TotalsView | undefined
  /** The cursor at which older orders begin; undefined when there are none. */
  readonly older?: string | undefined
}

/**
 * The totals that the ledger keeps with the account. Those of an earlier seq are counted instead: a service of an earlier
 * version has changed the account since.
 */
const TOTALS_JSON = `
    CASE WHEN accounts.totals_seq = accounts.last_seq THEN
      json_build_object('refunded', trim_scale(accounts.refunded)::text, 'orders', accounts.order_counts)
    ELSE (
      SELECT json_build_object('refunded', trim_scale(coalesce(sum(refunded), 0))::text,
        'orders', coalesce(json_object_agg(status, count) FILTER (WHERE status IS NOT NULL), '{}'))
      FROM (
        SELECT status, count(*) AS count, sum(orders.refunded) AS refunded FROM orders
        WHERE orders.user_id = wanted.user_id GROUP BY status
      ) AS by_status
    ) END`

// One statement reads one snapshot of the database, so account, orders and seq are consistent. Two index scans find a
// user's orders without reading the thousands of old ones that the user may have. An open order that the second one finds
// was found by the first one. The sum is that of the orders' JSON.
const READ_SNAPSHOTS = `
  SELECT stream_epoch.epoch, pg_is_in_recovery() AS is_replica, ${TOKENS_ISSUED_BEFORE},
    ${IS_TOKEN_REVOKED},
    coalesce(accounts.last_seq, 0) AS seq, accounts.currency, accounts.balance_mode,
    trim_scale(accounts.balance)::text AS balance, coalesce(list.orders, '[]')::text AS orders,
    list.count, ${orderCursor('list')} AS oldest_closed, ${TOTALS_JSON} AS totals
  FROM stream_epoch, unnest($1::text[], $4::text[]) WITH ORDINALITY AS wanted (user_id, jti, position)
  LEFT JOIN accounts USING (user_id)
  LEFT JOIN connection_cutoffs AS cutoff ON cutoff.user_id = wanted.user_id
  LEFT JOIN LATERAL (
    SELECT json_agg(o.json ORDER BY o.created_at DESC, o.order_id) AS orders,
      count(*)::int AS count,
      -- The oldest closed one.
      min(o.created_at) FILTER (WHERE NOT o.is_open) AS created_at,
      (array_agg(o.order_id ORDER BY o.created_at, o.order_id DESC) FILTER (WHERE NOT o.is_open))[1] AS order_id
    FROM (
      SELECT *, sum(octet_length(json::text)) OVER (
        ORDER BY is_open DESC, created_at DESC, order_id ROWS UNBOUNDED PRECEDING) AS bytes
      FROM (
        SELECT o.*, ${ORDER_JSON} AS json
        FROM (
          (SELECT * FROM orders WHERE user_id = wanted.user_id AND is_open
            ORDER BY created_at DESC, order_id LIMIT $2)
          UNION ALL
          SELECT * FROM (
            SELECT * FROM orders WHERE user_id = wanted.user_id ORDER BY created_at DESC, order_id LIMIT $2
          ) AS recent
          WHERE NOT is_open
        ) AS o
        ORDER BY is_open DESC, created_at DESC, order_id
        LIMIT $2
      ) AS candidates
    ) AS o
    WHERE o.bytes <= $3
  ) AS list ON true
  ORDER BY wanted.position`

interface SnapshotRow extends PrimaryRow {
  readonly tokens_issued_before: number | null
  readonly is_token_revoked: boolean
  readonly seq: number
  readonly currency: string | null
  readonly balance: string | null
  readonly balance_mode: BalanceMode | null
  readonly orders: string
  /** Of the orders. */
  readonly count: number
  readonly oldest_closed: string | null
  readonly totals: TotalsView
}

/** The bounds of one snapshot. The rest of the orders is read page by page, when a client asks for it. */
export interface SnapshotBounds {
  readonly ordersMax: number
  /** Of the orders' JSON. */
  readonly bytesMax: number
}

/** Accounts with their open and most recent orders, for many users in one query and as of one moment. */
export async function readSnapshots(
  database: ReadDatabase,
  users: readonly TokenOfUser[],
  { ordersMax, bytesMax }: SnapshotBounds,
): Promise<Snapshot[]> {
  const { rows } = await database.query<SnapshotRow>({
    name: 'read_snapshots',
    text: READ_SNAPSHOTS,
    values: [users.map(({ userId }) => userId), ordersMax, bytesMax, users.map(({ tokenId }) => tokenId)],
  })
  return checkedRows(database, rows).map((row) => {
    const { epoch, seq, tokens_issued_before, is_token_revoked, currency, balance, balance_mode, orders, totals } = row
    const mode = balance_mode ?? 'external'
    const account = currency === null || balance === null ? undefined : { balance, currency, mode }
    return {
      epoch,
      seq,
      tokensIssuedBeforeMs: tokens_issued_before ?? undefined,
      isTokenRevoked: is_token_revoked || undefined,
      account,
      orders,
      totals: account && totals,
      older: account && olderThan(row),
    }
  })
}

/**
 * Where the orders begin that a snapshot does not have. It has all that are newer than its oldest closed one, because the
 * open ones come first; when it has only open ones, closed ones may be missing everywhere.
 */
function olderThan({ count, totals, oldest_closed: oldestClosed }: SnapshotRow): string | undefined {
  const countOfAll = Object.values(totals.orders).reduce((sum, each) => sum + each, 0)
  return countOfAll <= count ? undefined : (oldestClosed ?? formatOrderCursor(NEWEST))
}
