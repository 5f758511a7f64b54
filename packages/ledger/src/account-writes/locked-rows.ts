import { roundTrip } from '@paxyo/database'
import { readPayments, type PaidDeposit } from './read-payments.ts'
import type { LockedAccount, Order } from '../model/working-set.ts'
import { readOrdersById } from '../orders/read-registered.ts'
import { LOCKED_ACCOUNT_COLUMNS, toLockedAccounts, type LockedAccountRow } from '../transaction/account-rows.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { readEpoch } from '../transaction/read-epoch.ts'
import { readKeyNames } from '../transaction/read-key-name.ts'
import { readClock } from '../transaction/read-working-set.ts'
import { readRefundsLeft, type RefundsLeft } from '../transaction/refund-limit.ts'

/** The ids of the rows that a write needs. */
export interface NeededRows {
  readonly userId?: string
  /** The account of its user is needed, too. */
  readonly orderId?: string
  readonly paymentRef?: string
  readonly keyId?: string
  /** The operator whose refund limit applies. */
  readonly operatorId?: string | undefined
}

/** The rows that a group of writes needs, as they are after those that are decided. */
export interface LockedRows {
  /** The database's clock, read after the locks were taken. */
  readonly at: Date
  readonly epoch: string
  readonly paymentsByRef: Map<string, PaidDeposit>
  readonly keyNames: ReadonlyMap<string, string>
  readonly refundsLeft: RefundsLeft
  /** Undefined also when another transaction has locked it. */
  account(userId: string): LockedAccount | undefined
  order(orderId: string): Order | undefined
}

const LOCK_ACCOUNTS = `
  SELECT ${LOCKED_ACCOUNT_COLUMNS} FROM accounts
  WHERE user_id = ANY(ARRAY(
    SELECT unnest($1::text[]) UNION SELECT user_id FROM orders WHERE order_id = ANY($2::text[])))
  ORDER BY user_id FOR NO KEY UPDATE`

const LOCK_STATEMENTS = {
  all: { name: 'lock_accounts_of_writes', text: LOCK_ACCOUNTS },
  free: { name: 'lock_free_accounts_of_writes', text: `${LOCK_ACCOUNTS} SKIP LOCKED` },
}

/** Which accounts are locked: all of them, or those that no other transaction has locked, without waiting for the others. */
export type Locks = keyof typeof LOCK_STATEMENTS

/** Locks the accounts, in the order of their ids, then reads what the locks protect. Sends its statements at once. */
export async function readLockedRows(
  tx: LedgerTransaction,
  needed: readonly NeededRows[],
  locks: Locks,
): Promise<LockedRows> {
  const { client, changes } = tx
  const idsOf = (name: keyof NeededRows): string[] => [...new Set(needed.flatMap((rows) => rows[name] ?? []))]
  const orderIds = idsOf('orderId')
  const [locked, ordersById, paymentsByRef, keyNames, refundsLeft, epoch, at] = await roundTrip([
    client.query<LockedAccountRow>({ ...LOCK_STATEMENTS[locks], values: [idsOf('userId'), orderIds] }),
    readOrdersById(client, orderIds),
    readPayments(client, idsOf('paymentRef')),
    readKeyNames(client, idsOf('keyId')),
    readRefundsLeft(client, idsOf('operatorId')),
    readEpoch(client),
    readClock(tx),
  ])
  const accountsByUserId = await toLockedAccounts(client, locked.rows)
  return {
    at,
    epoch,
    paymentsByRef,
    keyNames,
    refundsLeft,
    account: (userId) => changes.accounts.get(userId) ?? accountsByUserId.get(userId),
    order: (orderId) => changes.orders.get(orderId) ?? ordersById.get(orderId),
  }
}

/** Whether the account that a write needs is locked. An order that does not exist needs none. */
export function hasLocks(rows: LockedRows, { userId, orderId }: NeededRows): boolean {
  const order = orderId === undefined ? undefined : rows.order(orderId)
  return [userId, order?.userId].every((id) => id === undefined || rows.account(id) !== undefined)
}
