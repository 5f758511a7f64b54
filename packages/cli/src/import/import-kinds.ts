import { importAccounts, importOrders, type ImportedAccount, type ImportedOrder } from 'webhook-ingest'
import type { Pool } from 'pg'
import type { ImportMap } from './import-map.ts'
import type { ImportRecord } from './read-records.ts'
import { toImportedAccount } from './to-imported-account.ts'
import { toImportedOrder } from './to-imported-order.ts'

/** How rows become what is taken over, and how that is done. */
export interface ImportKind<Item> {
  readonly toItem: (record: ImportRecord, map: ImportMap) => Item | string
  readonly importBatch: (
    deps: { readonly pool: Pool; readonly newId: () => string; readonly confirmsMoney: boolean },
    items: readonly Item[],
  ) => Promise<readonly string[]>
}

export const ORDERS: ImportKind<ImportedOrder> = { toItem: toImportedOrder, importBatch: importOrders }

export const ACCOUNTS: ImportKind<ImportedAccount> = { toItem: toImportedAccount, importBatch: importAccounts }
