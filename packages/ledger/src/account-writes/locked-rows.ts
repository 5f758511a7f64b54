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

/** The ids of the rows that a write needs: a user or an order, and what else. The account of this user is locked. */
export interface NeededRows {
  readonly userId?: string
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
  /** Whether there is an account that this transaction has not locked. */
  isLockedElsewhere(userId: string): boolean
  order(orderId: string): Order | undefined
}

const OF_WRITES = `
  FROM accounts
  WHERE user_id = ANY(ARRAY(
    SELECT unnest($1::text[]) UNION SELECT user_id FROM orders WHERE order_id = ANY($2::text[])))`
const LOCK_ACCOUNTS = `SELECT ${LOCKED_ACCOUNT_COLUMNS} ${OF_WRITES} ORDER BY user_id FOR NO KEY UPDATE`
const READ_USER_IDS = `SELECT user_id ${OF_WRITES}`

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
  const values = [idsOf('userId'), orderIds]
  const [locked, existing, ordersById, paymentsByRef, keyNames, refundsLeft, epoch, at] = await roundTrip([
    client.query<LockedAccountRow>({ ...LOCK_STATEMENTS[locks], values }),
    client.query<{ user_id: string }>({ name: 'read_users_of_writes', text: READ_USER_IDS, values }),
    readOrdersById(client, orderIds),
    readPayments(client, idsOf('paymentRef')),
    readKeyNames(client, idsOf('keyId')),
    readRefundsLeft(client, idsOf('operatorId')),
    readEpoch(client),
    readClock(tx),
  ])
  const accountsByUserId = await toLockedAccounts(client, locked.rows)
  const existingUserIds = new Set(existing.rows.map((row) => row.user_id))
  return {
    at,
    epoch,
    paymentsByRef,
    keyNames,
    refundsLeft,
    account: (userId) => changes.accounts.get(userId) ?? accountsByUserId.get(userId),
    isLockedElsewhere: (userId) => existingUserIds.has(userId) && !accountsByUserId.has(userId),
    order: (orderId) => changes.orders.get(orderId) ?? ordersById.get(orderId),
  }
}

/** The user whose account a write changes; undefined when there is no such order. */
export const userOf = (rows: LockedRows, { userId, orderId }: NeededRows): string | undefined =>
  userId ?? (orderId === undefined ? undefined : rows.order(orderId)?.userId)
