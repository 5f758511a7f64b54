import { AUDIT_CHECKS } from '@paxyo/ledger/audit'
import { createHash } from 'node:crypto'
import type { WatchingClient } from '../../../chaos/watching-client.ts'
import type { Stack } from './stack.ts'
import { CHARGE, EVENTS_PER_ORDER, REFUNDS_PER_ORDER } from './workload.ts'

/** Ages that no row of this test reaches. */
const AUDIT_LIMITS = { rowsMax: 5, outboxAgeS: 86_400, parkedAgeS: 86_400, reviewAgeS: 86_400 }

/** Audits the database and the clients after the load has ended. Returns the violations. */
export async function audit(stack: Stack, orders: number, clients: readonly WatchingClient[]): Promise<string[]> {
  return [
    ...(await auditLedger(stack)),
    ...(await auditWorkload(stack, orders)),
    ...(await auditEvents(stack, orders, clients)),
  ]
}

/** Runs the ledger's own audit, through psql in the container. */
async function auditLedger(stack: Stack): Promise<string[]> {
  const violations: string[] = []
  for (const { name, sql } of AUDIT_CHECKS) {
    const rows = await stack.query(
      `SELECT * FROM (${sql(AUDIT_LIMITS)}) AS violation (subject, detail) LIMIT ${AUDIT_LIMITS.rowsMax}`,
    )
    violations.push(...rows.map(([subject, detail]) => `${name}: ${subject}: ${detail}`))
  }
  return violations
}

/** Compares the totals with those that follow from the workload, independently of the ledger. */
async function auditWorkload(stack: Stack, orders: number): Promise<string[]> {
  const [[count, canceled, refunds, money, reviews] = []] = await stack.query(`
    WITH watched AS (SELECT * FROM orders WHERE user_id LIKE 'load-%'),
    refunds AS (SELECT amount FROM ledger_entries WHERE kind = 'refund' AND user_id LIKE 'load-%')
    SELECT (SELECT count(*) FROM watched),
           (SELECT count(*) FROM watched WHERE status = 'canceled'),
           (SELECT count(*) FROM refunds),
           (SELECT sum(amount) FROM refunds),
           (SELECT count(*) FROM reviews)`)
  const expected: [string, string | undefined, number][] = [
    ['orders', count, orders],
    ['canceled orders', canceled, orders],
    ['refunds', refunds, orders * REFUNDS_PER_ORDER],
    ['refunded money', money, orders * Number(CHARGE)],
    ['reviews', reviews, 0],
  ]
  return expected
    .filter(([, actual, wanted]) => Number(actual) !== wanted)
    .map(([what, actual, wanted]) => `${what}: ${actual}, expected ${wanted}`)
}

async function auditEvents(stack: Stack, orders: number, clients: readonly WatchingClient[]): Promise<string[]> {
  const rows = await stack.query(
    `SELECT user_id, seq, md5(event_payload(events)) FROM events WHERE user_id LIKE 'load-%'`,
  )
  const violations: string[] = []
  if (rows.length !== orders * EVENTS_PER_ORDER) {
    violations.push(`events: ${rows.length}, expected ${orders * EVENTS_PER_ORDER}`)
  }
  const committed = new Map(rows.map(([userId, seq, hash]) => [`${userId} ${seq}`, hash]))
  const lastSeqs = new Map<string, number>()
  for (const [userId, seq] of rows) lastSeqs.set(userId!, Math.max(lastSeqs.get(userId!) ?? 0, Number(seq)))

  for (const [index, client] of clients.entries()) {
    const who = `client ${index} of ${client.userId}`
    const lastSeq = lastSeqs.get(client.userId)
    if (client.snapshots > 0) violations.push(`${who} received ${client.snapshots} more snapshots`)
    if (client.lastSeq !== lastSeq) violations.push(`${who} is at ${client.lastSeq}, expected ${lastSeq}`)
    for (const [place, { seq, bytes }] of client.received.entries()) {
      if (seq !== client.firstSeq + place + 1) {
        violations.push(`${who} received ${seq} instead of ${client.firstSeq + place + 1}`)
        break
      }
      if (createHash('md5').update(bytes).digest('hex') !== committed.get(`${client.userId} ${seq}`)) {
        violations.push(`${who} received other bytes at ${seq} than were committed`)
        break
      }
    }
  }
  return violations
}
