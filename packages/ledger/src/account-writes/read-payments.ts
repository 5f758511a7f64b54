import { parseMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'

/** A payment that was deposited. */
export interface PaidDeposit {
  readonly entryId: string
  readonly userId: string
  readonly amount: Money
  readonly balanceAfter: Money
  /** The seq of its event. */
  readonly seq: number
  readonly at: Date
}

interface PaymentRow {
  readonly payment_ref: string
  readonly entry_id: string
  readonly user_id: string
  readonly amount: string
  readonly balance_after: string
  readonly payment_seq: number
  readonly created_at: Date
}

const READ_PAYMENTS = `
  SELECT payment_ref, entry_id, user_id, amount, balance_after, payment_seq, created_at
  FROM ledger_entries WHERE payment_ref = ANY($1::text[])`

/** The deposits of payments, by their refs. */
export async function readPayments(client: PoolClient, refs: readonly string[]): Promise<Map<string, PaidDeposit>> {
  if (refs.length === 0) return new Map()
  const { rows } = await client.query<PaymentRow>({ name: 'read_payments', text: READ_PAYMENTS, values: [refs] })
  return new Map(rows.map((row) => [row.payment_ref, toPaidDeposit(row)]))
}

const toPaidDeposit = (row: PaymentRow): PaidDeposit => ({
  entryId: row.entry_id,
  userId: row.user_id,
  amount: parseMoney(row.amount),
  balanceAfter: parseMoney(row.balance_after),
  seq: row.payment_seq,
  at: row.created_at,
})
