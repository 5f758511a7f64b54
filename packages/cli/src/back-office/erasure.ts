import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'

export interface EraseOptions {
  readonly dryRun?: true
  readonly yes?: true
}

/** `paxyo users erase`. It cannot be undone, so a command without an option does nothing. */
export async function eraseUser(cli: Cli, userId: string, { dryRun, yes }: EraseOptions): Promise<void> {
  if (dryRun === yes) {
    throw new Failure(
      'usage',
      'an erasure cannot be undone',
      'See what it changes with --dry-run, then repeat it with --yes.',
    )
  }
  const erased = await withPanelApi(cli, (api) => api.users.erase(userId, { dryRun: yes !== true }))
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
