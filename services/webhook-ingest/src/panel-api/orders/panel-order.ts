import type { Database } from '@paxyo/database'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import type { PanelOrder } from '@paxyo/panel-client'
import { sql, type Kysely, type Selectable } from 'kysely'
import { panelView, toOrder, type OrderRow } from '@paxyo/ledger'

/** Orders as the panel sees them, with their registration time in microseconds. */
export function selectPanelOrders(db: Kysely<Database>) {
  return db
    .selectFrom('orders')
    .innerJoin('accounts', 'accounts.user_id', 'orders.user_id')
    .selectAll('orders')
    .select((eb) => [
      'accounts.currency',
      'accounts.last_seq',
      eb
        .exists(
          eb
            .selectFrom('ledger_entries')
            .select('entry_id')
            .whereRef('ledger_entries.order_id', '=', 'orders.order_id')
            .where('kind', '=', 'charge'),
        )
        .$castTo<boolean>()
        .as('is_charged'),
      sql<number>`(extract(epoch FROM orders.created_at) * 1000000)::bigint`.as('created_at_us'),
    ])
}

export type PanelOrderRow = Selectable<Database['orders']> & { readonly currency: string; readonly is_charged: boolean }

export function toPanelOrder(row: PanelOrderRow): PanelOrder {
  return {
    ...panelView(toOrder(row as OrderRow), row.currency),
    userId: row.user_id,
    runs: row.runs,
    interval: row.run_interval,
    payment: row.is_charged ? 'account' : 'external',
    createdAt: row.created_at.toISOString(),
    refundedElsewhere: formatMoney(parseMoney(row.refunded_elsewhere)),
  }
}
