import type { ErrorCode } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { formatMoney, parseMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { ChangeSet } from '../model/change-set.ts'

// A support operator refunds at most a limit in 24 hours, in all orders together. The operator's refunds are added up under
// a lock that is held until the transaction ends, so that concurrent refunds cannot exceed it together.

export type LimitRejection = Extract<ErrorCode, 'refund_limit_exceeded'>

const LOCK_OPERATOR = `SELECT pg_advisory_xact_lock(hashtext('paxyo refund limit'), hashtext($1))`
// A separate statement after the lock, so that it sees the commits of the lock's previous holders.
const READ_LEFT = `
  SELECT role, disabled_at IS NOT NULL AS is_disabled, refund_limit - (
    SELECT coalesce(sum(amount), 0) FROM operator_refunds AS refund
    WHERE refund.operator_id = operators.operator_id AND refund.created_at > now() - interval '24 hours'
  ) AS refund_left
  FROM operators WHERE operator_id = $1`
const INSERT_REFUND = `
  INSERT INTO operator_refunds (refund_id, operator_id, amount, created_at) VALUES ($1, $2, $3, $4)`

interface LeftRow {
  readonly role: string
  readonly is_disabled: boolean
  readonly refund_left: string | null
}

/**
 * Whether an operator may refund this amount now. The lock is taken after the account's.
 *
 * @param operatorId undefined when no limit applies.
 */
export async function isWithinLimit(
  client: PoolClient,
  operatorId: string | undefined,
  refund: Money,
): Promise<boolean> {
  if (operatorId === undefined || refund === 0n) return true
  const [, { rows }] = await roundTrip([
    client.query(LOCK_OPERATOR, [operatorId]),
    client.query<LeftRow>(READ_LEFT, [operatorId]),
  ])
  const [operator] = rows
  if (operator === undefined || operator.is_disabled) return false
  if (operator.role === 'owner') return true
  const left = operator.refund_left
  return left !== null && !left.startsWith('-') && refund <= parseMoney(left)
}

/** Counts a refund that the transaction pays towards its operator's limit. */
export function recordOperatorRefund(
  { others }: Pick<ChangeSet, 'others'>,
  operatorId: string | undefined,
  refundId: string | null,
  amount: Money,
  at: Date,
): void {
  if (operatorId === undefined || refundId === null) return
  const values = [refundId, operatorId, formatMoney(amount), at]
  others.push({ name: 'insert_operator_refund', text: INSERT_REFUND, values })
}
