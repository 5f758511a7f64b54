import { createHash } from 'node:crypto'
import type { Follower } from '../../../chaos/watching-client.ts'
import type { Stack } from './stack.ts'
import { CHARGE, EVENTS_PER_ORDER, REFUNDS_PER_ORDER } from './workload.ts'

/** @returns every violation, in words. */
export async function audit(stack: Stack, orders: number, followers: readonly Follower[]): Promise<string[]> {
  return [...(await auditMoney(stack, orders)), ...(await auditEvents(stack, orders, followers))]
}

async function auditMoney(stack: Stack, orders: number): Promise<string[]> {
  const [[count, refunded, refunds, wrongOrders, wrongAccounts, reviews] = []] = await stack.query(`
    WITH watched AS (SELECT * FROM orders WHERE user_id LIKE 'load-%'),
    paid AS (SELECT order_id, sum(amount) AS amount, count(*) AS count FROM ledger_entries WHERE kind = 'refund' GROUP BY 1)
    SELECT (SELECT count(*) FROM watched),
           (SELECT sum(refunded) FROM watched),
           (SELECT sum(count) FROM paid JOIN watched USING (order_id)),
           (SELECT count(*) FROM watched LEFT JOIN paid USING (order_id)
             WHERE status <> 'canceled' OR refunded <> charge OR paid.amount IS DISTINCT FROM charge),
           (SELECT count(*) FROM accounts WHERE balance IS DISTINCT FROM (
             SELECT sum(CASE kind WHEN 'charge' THEN -amount ELSE amount END)
             FROM ledger_entries entry WHERE entry.user_id = accounts.user_id)),
           (SELECT count(*) FROM reviews)`)
  const expected: [string, string | undefined, number][] = [
    ['orders', count, orders],
    ['money given back', refunded, orders * Number(CHARGE)],
    ['refunds', refunds, orders * REFUNDS_PER_ORDER],
    ['orders whose refunds are not their charge', wrongOrders, 0],
    ['accounts whose balance is not their ledger', wrongAccounts, 0],
    ['reviews', reviews, 0],
  ]
  return expected
    .filter(([, actual, wanted]) => Number(actual) !== wanted)
    .map(([what, actual, wanted]) => `${what}: ${actual}, and not ${wanted}`)
}

async function auditEvents(stack: Stack, orders: number, followers: readonly Follower[]): Promise<string[]> {
  const rows = await stack.query(`SELECT user_id, seq, md5(payload) FROM events WHERE user_id LIKE 'load-%'`)
  const violations: string[] = []
  if (rows.length !== orders * EVENTS_PER_ORDER) {
    violations.push(`events: ${rows.length}, and not ${orders * EVENTS_PER_ORDER}`)
  }
  const committed = new Map(rows.map(([userId, seq, hash]) => [`${userId} ${seq}`, hash]))
  const lastSeqs = new Map<string, number>()
  for (const [userId, seq] of rows) lastSeqs.set(userId!, Math.max(lastSeqs.get(userId!) ?? 0, Number(seq)))

  for (const [index, follower] of followers.entries()) {
    const who = `client ${index} of ${follower.userId}`
    const lastSeq = lastSeqs.get(follower.userId)
    if (follower.snapshots > 0) violations.push(`${who} was given ${follower.snapshots} more snapshots`)
    if (follower.lastSeq !== lastSeq) violations.push(`${who} is at ${follower.lastSeq}, and not at ${lastSeq}`)
    for (const [place, { seq, bytes }] of follower.received.entries()) {
      if (seq !== follower.firstSeq + place + 1) {
        violations.push(`${who} was given ${seq} at the place of ${follower.firstSeq + place + 1}`)
        break
      }
      if (createHash('md5').update(bytes).digest('hex') !== committed.get(`${follower.userId} ${seq}`)) {
        violations.push(`${who} was given other bytes at ${seq} than were committed`)
        break
      }
    }
  }
  return violations
}
