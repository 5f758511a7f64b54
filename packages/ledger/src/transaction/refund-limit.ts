import type { ErrorCode } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { formatMoney, parseMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { ChangeSet } from '../model/change-set.ts'

// A support operator refunds at most a limit in 24 hours, in all orders together. The operator's refunds are added up under
// a lock that is held until the transaction ends, so that concurrent refunds cannot exceed it together.

export type LimitRejection = Extract<ErrorCode, 'refund_limit_exceeded'>

// Sorted, so that two transactions cannot deadlock.
const LOCK_OPERATORS = `
  SELECT pg_advisory_xact_lock(hashtext('paxyo refund limit'), key)
  FROM (SELECT DISTINCT hashtext(id) AS key FROM unnest($1::text[]) AS wanted (id) ORDER BY key) AS keys`
// A separate statement after the locks, so that it sees the commits of their previous holders.
const READ_LEFT = `
  SELECT operator_id, role, disabled_at IS NOT NULL AS is_disabled, refund_limit - (
    SELECT coalesce(sum(amount), 0) FROM operator_refunds AS refund
    WHERE refund.operator_id = operators.operator_id AND refund.created_at > now() - interval '24 hours'
  ) AS refund_left
  FROM operators WHERE operator_id = ANY($1::text[])`
const INSERT_REFUND = `
  INSERT INTO operator_refunds (refund_id, operator_id, amount, created_at) VALUES ($1, $2, $3, $4)`

interface LeftRow {
  readonly operator_id: string
  readonly role: string
  readonly is_disabled: boolean
  readonly refund_left: string | null
}

/** The amounts that operators may still refund, by their ids; owners have no limit. */
export type RefundsLeft = Map<string, Money | 'unlimited'>

/** The locks are taken after those of accounts. Sends its statements at once. */
export async function readRefundsLeft(client: PoolClient, operatorIds: readonly string[]): Promise<RefundsLeft> {
  if (operatorIds.length === 0) return new Map()
  const [, { rows }] = await roundTrip([
    client.query(LOCK_OPERATORS, [operatorIds]),
    client.query<LeftRow>(READ_LEFT, [operatorIds]),
  ])
  return new Map(rows.map((row) => [row.operator_id, toLeft(row)]))
}

function toLeft({ role, is_disabled: isDisabled, refund_left: left }: LeftRow): Money | 'unlimited' {
  if (isDisabled) return 0n
  if (role === 'owner') return 'unlimited'
  return left === null || left.startsWith('-') ? 0n : parseMoney(left)
}

/**
 * Whether an operator may refund this amount now.
 *
 * @param operatorId undefined when no limit applies.
 */
export function isWithinLimit(refundsLeft: RefundsLeft, operatorId: string | undefined, refund: Money): boolean {
  if (operatorId === undefined || refund === 0n) return true
  const left = refundsLeft.get(operatorId) ?? 0n
  return left === 'unlimited' || refund <= left
}

export interface OperatorRefund {
  /** Undefined when no limit applies. */
  readonly operatorId: string | undefined
  /** Undefined when nothing is refunded. */
  readonly refundId: string | undefined
  readonly amount: Money
  readonly at: Date
}

/** Counts a refund that the transaction pays towards its operator's limit. */
export function recordOperatorRefund(
  { others }: Pick<ChangeSet, 'others'>,
  refundsLeft: RefundsLeft,
  { operatorId, refundId, amount, at }: OperatorRefund,
): void {
  if (operatorId === undefined || refundId === undefined) return
  const left = refundsLeft.get(operatorId)
  if (typeof left === 'bigint') refundsLeft.set(operatorId, left - amount)
  const values = [refundId, operatorId, formatMoney(amount), at]
  others.push({ name: 'insert_operator_refund', text: INSERT_REFUND, values })
}
