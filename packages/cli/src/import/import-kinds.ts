import {
  createAccountImportCheck,
  createOrderImportCheck,
  importAccounts,
  importOrders,
  type ImportDeps,
  type ImportedAccount,
  type ImportedOrder,
} from '@paxyo/ledger'
import type { Provider } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { ImportMap } from './import-map.ts'
import { createOrderInspector, type Inspector } from './inspect-orders.ts'
import type { ImportRecord } from './read-records.ts'
import { toImportedAccount } from './to-imported-account.ts'
import { toImportedOrder } from './to-imported-order.ts'

/** Converts rows of one kind to items, and imports them. */
export interface ImportKind<Item> {
  readonly toItem: (record: ImportRecord, map: ImportMap, providers: readonly Provider[]) => Item | string
  readonly createInspector: () => Inspector<Item>
  readonly importBatch: (deps: ImportDeps, items: readonly Item[]) => Promise<readonly string[]>
  /** Finds what `importBatch` would return, and changes nothing. */
  readonly createCheck: (pool: Pool | undefined) => (items: readonly Item[]) => Promise<readonly string[]>
}

export const ORDERS: ImportKind<ImportedOrder> = {
  toItem: toImportedOrder,
  createInspector: createOrderInspector,
  importBatch: importOrders,
  createCheck: createOrderImportCheck,
}

export const ACCOUNTS: ImportKind<ImportedAccount> = {
  toItem: toImportedAccount,
  createInspector: () => ({ see: () => undefined, warnings: () => [] }),
  importBatch: importAccounts,
  createCheck: createAccountImportCheck,
}
