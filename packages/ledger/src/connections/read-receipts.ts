import type { Database } from '@paxyo/database'
import { sql, type Kysely } from 'kysely'

/** How an event reached its user. */
export interface EventReceipt {
  /** When, and to how many connections, it was first sent. */
  readonly sent: { readonly at: Date; readonly connections: number } | undefined
  /** When the user had seen it. */
  readonly seenAt: Date | undefined
}

/** Gateways report once a second. Where the user connected later than this, the event was not sent live. */
const SENT_TOGETHER_MS_MAX = 10_000

interface ReceiptRow {
  readonly seq: string
  readonly gateway_id: string | null
  readonly connections: number | null
  readonly at: Date | null
}

/**
 * Reads the receipts of a user's events.
 *
 * @returns one for each seq.
 * @example
 * await readReceipts(createKysely(pool), 'ann', [1]) //=> new Map([[1, { sent: undefined, seenAt: undefined }]])
 */
export async function readReceipts(
  db: Kysely<Database>,
  userId: string,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, EventReceipt>> {
  if (seqs.length === 0) return new Map()
  // Each gateway's first position that includes the event, and the first receipt that does.
  const { rows } = await sql<ReceiptRow>`
    SELECT wanted.seq, sent.gateway_id, sent.connections, sent.sent_at AS at
    FROM unnest(${[...seqs]}::bigint[]) AS wanted (seq)
    CROSS JOIN LATERAL (
      SELECT DISTINCT ON (gateway_id) gateway_id, connections, sent_at FROM (
        SELECT gateway_id, seq, connections, sent_at FROM sent_positions
        WHERE user_id = ${userId} AND sent_positions.seq >= wanted.seq ORDER BY seq LIMIT 100
      ) AS first ORDER BY gateway_id, seq
    ) AS sent
    UNION ALL
    SELECT wanted.seq, NULL, NULL,
      (SELECT min(seen_at) FROM receipts WHERE user_id = ${userId} AND receipts.seq >= wanted.seq)
    FROM unnest(${[...seqs]}::bigint[]) AS wanted (seq)`.execute(db)
  return new Map(seqs.map((seq) => [seq, toReceipt(rows.filter((row) => Number(row.seq) === seq))]))
}

function toReceipt(rows: readonly ReceiptRow[]): EventReceipt {
  const sent = rows.filter(({ gateway_id }) => gateway_id !== null)
  const firstMs = Math.min(...sent.map(({ at }) => at!.getTime()))
  const together = sent.filter(({ at }) => at!.getTime() <= firstMs + SENT_TOGETHER_MS_MAX)
  const connections = together.reduce((sum, row) => sum + row.connections!, 0)
  return {
    sent: sent.length === 0 ? undefined : { at: new Date(firstMs), connections },
    seenAt: rows.find(({ gateway_id }) => gateway_id === null)?.at ?? undefined,
  }
}
