import type { ReceiptsMessage } from '@paxyo/contracts'
import type { Pool } from 'pg'

// Each row is checked against the account: a seq that does not exist, because a client or a gateway has made it up or
// because the database was restored, is ignored. Positions only go forward, so that a repeated batch writes nothing. Two
// processes can write at the same time: readers take the earliest time of all rows that include an event.
const INSERT_SEEN = `
  INSERT INTO receipts (user_id, seq, seen_at)
  SELECT seen.user_id, seen.seq, clock_timestamp() - seen.age * interval '1 millisecond'
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::float8[]) AS seen (user_id, epoch, seq, age)
  JOIN stream_epoch USING (epoch)
  JOIN accounts ON accounts.user_id = seen.user_id AND accounts.last_seq >= seen.seq
  WHERE seen.seq > 0
    AND NOT EXISTS (SELECT FROM receipts WHERE receipts.user_id = seen.user_id AND receipts.seq >= seen.seq)
  ON CONFLICT DO NOTHING`

// Several gateways may send an event. What a connection begins with counts only when no gateway has sent it before.
const INSERT_SENT = `
  INSERT INTO sent_positions (user_id, seq, gateway_id, connections, sent_at)
  SELECT sent.user_id, sent.seq, $1, sent.connections, clock_timestamp() - sent.age * interval '1 millisecond'
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::float8[], $6::int[], $7::boolean[])
    AS sent (user_id, epoch, seq, age, connections, is_live)
  JOIN stream_epoch USING (epoch)
  JOIN accounts ON accounts.user_id = sent.user_id AND accounts.last_seq >= sent.seq
  WHERE sent.seq > 0 AND NOT EXISTS (
    SELECT FROM sent_positions AS known
    WHERE known.user_id = sent.user_id AND known.seq >= sent.seq AND (NOT sent.is_live OR known.gateway_id = $1))
  ON CONFLICT DO NOTHING`

/**
 * Writes a batch of receipts in two statements; writing it again changes nothing.
 *
 * @example
 * await storeReceipts(pool, { type: 'receipts', gatewayId: 'gateway-1', batchId: newId(), seen: [], sent: [] })
 * await readReceipts(createKysely(pool), 'ann', [1]) //=> new Map([[1, { sent: undefined, seenAt: undefined }]])
 */
export async function storeReceipts(pool: Pool, { gatewayId, seen, sent }: ReceiptsMessage): Promise<void> {
  if (seen.length > 0) {
    await pool.query({
      name: 'insert_seen',
      text: INSERT_SEEN,
      values: [0, 1, 2, 3].map((column) => seen.map((receipt) => receipt[column])),
    })
  }
  if (sent.length > 0) {
    const columns = [0, 1, 2, 3, 4].map((column) => sent.map((position) => position[column]))
    await pool.query({
      name: 'insert_sent',
      text: INSERT_SENT,
      values: [gatewayId, ...columns, sent.map((position) => position[5] === 1)],
    })
  }
}
