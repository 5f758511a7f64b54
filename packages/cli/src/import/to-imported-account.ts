import { currencySchema } from '@paxyo/contracts'
import { parseMoney } from '@paxyo/order-core'
import type { ImportedAccount } from '@paxyo/ledger'
import { idSchema } from '@paxyo/panel-client'
import { ACCOUNT_FIELDS } from './fields.ts'
import type { ImportMap } from './import-map.ts'
import type { ImportRecord } from './read-records.ts'
import { toMoneyText, toValues } from './to-values.ts'

/** @returns the account, or why the row is rejected. */
export function toImportedAccount(record: ImportRecord, map: ImportMap): ImportedAccount | string {
  if (record.problem !== undefined) return record.problem
  const values = toValues(record, ACCOUNT_FIELDS, map)
  const userId = idSchema.safeParse(values.userId)
  if (!userId.success) return values.userId === undefined ? 'userId: is missing' : 'userId: is not a valid id'
  const currency = currencySchema.safeParse(values.currency)
  if (!currency.success)
    return values.currency === undefined ? 'currency: is missing' : 'currency: is not a valid currency'
  const balance = values.balance === undefined ? undefined : toMoneyText(values.balance)
  if (balance === undefined) {
    return values.balance === undefined ? 'balance: is missing' : `balance: ${values.balance} is not a valid amount`
  }
  return { userId: userId.data, currency: currency.data, balance: parseMoney(balance) }
}
