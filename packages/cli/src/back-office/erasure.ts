import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'

/** `paxyo users erase` */
export async function eraseUser(cli: Cli, userId: string, dryRun: boolean): Promise<void> {
  const erased = await withPanelApi(cli, (api) => api.users.erase(userId, { dryRun }))
  cli.print(erased, () => {
    const { pseudonym, orders, openOrders, openReviews, ledgerEntries, balance, currency } = erased
    const counts = [
      `  orders: ${orders}, ${openOrders} of them open`,
      `  ledger entries: ${ledgerEntries}, balance ${balance} ${printable(currency)}`,
      `  open reviews: ${openReviews}`,
    ].join('\n')
    return pseudonym === null
      ? `Nothing was changed. The erasure would change:\n${counts}`
      : `The user is ${pseudonym} from now on. Nothing leads from that name to the user.\n${counts}`
  })
}
