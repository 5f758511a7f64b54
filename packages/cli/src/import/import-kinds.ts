import { importAccounts, importOrders, type ImportDeps, type ImportedAccount, type ImportedOrder } from '@paxyo/ledger'
import type { Provider } from '@paxyo/order-core'
import type { ImportMap } from './import-map.ts'
import type { ImportRecord } from './read-records.ts'
import { toImportedAccount } from './to-imported-account.ts'
import { toImportedOrder } from './to-imported-order.ts'

/** Converts rows of one kind to items, and imports them. */
export interface ImportKind<Item> {
  readonly toItem: (record: ImportRecord, map: ImportMap, providers: readonly Provider[]) => Item | string
  readonly importBatch: (deps: ImportDeps, items: readonly Item[]) => Promise<readonly string[]>
}

export const ORDERS: ImportKind<ImportedOrder> = { toItem: toImportedOrder, importBatch: importOrders }

export const ACCOUNTS: ImportKind<ImportedAccount> = { toItem: toImportedAccount, importBatch: importAccounts }
