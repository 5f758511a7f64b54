import type { AuditCheck } from './audit-check.ts'
import { describe } from './audit-details.ts'

/** The change of an account's balance by an entry. */
const SIGNED_AMOUNT = `CASE kind WHEN 'charge' THEN -amount ELSE amount END`

const REFUNDS_OF_ORDERS = `
  SELECT order_id, ${describe('refunds', {
    refunded: 'refunded',
    elsewhere: 'refunded_elsewhere',
    paid: 'coalesce(paid, 0)',
    charge: 'charge',
  })}
  FROM orders
  LEFT JOIN (
    SELECT order_id, sum(amount) AS paid FROM ledger_entries WHERE kind = 'refund' GROUP BY order_id
  ) AS ledger USING (order_id)
  WHERE refunded <> refunded_elsewhere + coalesce(paid, 0) OR refunded > charge OR refunded < 0`

/** Each refund must begin where the one before it ended, and the first at what was refunded elsewhere. */
const REFUND_CHAIN = `
  SELECT order_id, ${describe('refund_chain', { refund: 'entry_id', begin: 'refunded_before', end: 'ended' })}
  FROM (
    SELECT order_id, entry_id, refunded_before,
      coalesce(lag(refunded_after) OVER (PARTITION BY order_id ORDER BY refunded_before), refunded_elsewhere) AS ended
    FROM ledger_entries JOIN orders USING (order_id) WHERE kind = 'refund'
  ) AS refunds
  WHERE refunded_before <> ended`

/**
 * The refund rule of order-core in SQL: a cumulative target, truncated to 8 decimals. div() is exact where / would round.
 * Orders that were refunded elsewhere are left out, because the previous system may have rounded differently; so are
 * orders whose status a person has set, because that person also decided the refund.
 */
const REFUNDS_DUE = `
  SELECT order_id, ${describe('refund_due', {
    status: 'status',
    remains: 'remains',
    quantity: 'quantity * runs',
    refunded: 'refunded',
    due: 'due',
  })}
  FROM (
    SELECT *, CASE status
      WHEN 'canceled' THEN charge
      ELSE div(charge * 100000000 * remains, quantity * runs) * 0.00000001
    END AS due
    FROM orders WHERE status IN ('canceled', 'partial') AND refunded_elsewhere = 0
  ) AS refundable
  WHERE refunded < due AND NOT EXISTS (
    SELECT FROM reviews WHERE reviews.order_id = refundable.order_id AND resolution_status = refundable.status
    UNION ALL
    SELECT FROM operator_actions AS action
    WHERE action.order_id = refundable.order_id AND action.status = refundable.status)`

const REFUNDS_TO_OWNER = `
  SELECT entry_id::text, ${describe('refund_owner', { order: 'order_id', owner: 'orders.user_id', user: 'entry.user_id' })}
  FROM ledger_entries AS entry JOIN orders USING (order_id)
  WHERE entry.user_id <> orders.user_id`

const BALANCES = `
  SELECT user_id, ${describe('balance', { balance: 'balance', ledger: 'coalesce(total, 0)' })}
  FROM accounts
  LEFT JOIN (SELECT user_id, sum(${SIGNED_AMOUNT}) AS total FROM ledger_entries GROUP BY user_id) AS ledger
    USING (user_id)
  WHERE balance <> coalesce(total, 0) OR balance < 0`

/**
 * Every entry leads from one balance to the next, so the entries of an account must form a chain from zero to their
 * sum: as many entries end at a balance as start from it. This works without knowing the sequence of entries that have
 * the same timestamp.
 */
const BALANCE_CHAIN = `
  WITH entries AS (
    SELECT user_id, balance_after, ${SIGNED_AMOUNT} AS change FROM ledger_entries
  ), steps AS (
    SELECT user_id, balance_after AS balance, 1 AS step FROM entries
    UNION ALL SELECT user_id, balance_after - change, -1 FROM entries
    UNION ALL SELECT user_id, 0, 1 FROM entries GROUP BY user_id
    UNION ALL SELECT user_id, sum(change), -1 FROM entries GROUP BY user_id
  )
  SELECT user_id, CASE WHEN sum(step) > 0 THEN ${describe('balance_not_continued', { balance: 'balance' })}
    ELSE ${describe('balance_not_reached', { balance: 'balance' })} END
  FROM steps GROUP BY user_id, balance HAVING sum(step) <> 0`

/** Totals of an earlier seq are counted when they are needed. */
const ACCOUNT_TOTALS = `
  SELECT user_id, ${describe('account_totals', {
    refunded: 'accounts.refunded',
    orders: 'accounts.order_counts',
    countedRefunded: 'coalesce(counted.refunded, 0)',
    countedOrders: "coalesce(counted.order_counts, '{}')",
  })}
  FROM accounts
  LEFT JOIN (
    SELECT user_id, sum(refunded) AS refunded, jsonb_object_agg(status, count) AS order_counts
    FROM (
      SELECT user_id, status, count(*) AS count, sum(refunded) AS refunded FROM orders GROUP BY user_id, status
    ) AS by_status
    GROUP BY user_id
  ) AS counted USING (user_id)
  WHERE totals_seq = last_seq
    AND (accounts.refunded <> coalesce(counted.refunded, 0)
      OR accounts.order_counts <> coalesce(counted.order_counts, '{}'))`

export const MONEY_CHECKS: readonly AuditCheck[] = [
  {
    name: 'refunds',
    title: "an order's refunds add up to its refunded amount, and to no more than its charge",
    sql: () => REFUNDS_OF_ORDERS,
  },
  { name: 'refund-chain', title: 'each refund begins where the one before it ended', sql: () => REFUND_CHAIN },
  { name: 'refunds-due', title: 'canceled and partial orders are refunded', sql: () => REFUNDS_DUE },
  { name: 'refund-owner', title: "money goes to the order's user", sql: () => REFUNDS_TO_OWNER },
  { name: 'balances', title: "an account's balance is the sum of its ledger", sql: () => BALANCES },
  { name: 'balance-chain', title: "an account's entries lead from balance to balance", sql: () => BALANCE_CHAIN },
  { name: 'account-totals', title: "an account's totals are those of its orders", sql: () => ACCOUNT_TOTALS },
]
