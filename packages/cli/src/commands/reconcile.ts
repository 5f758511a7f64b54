import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

interface ReconcileOptions {
  readonly silentHours?: string
  readonly ordersMax?: string
}

export const addReconcile: AddCommand = (program, terminal, finished) => {
  program
    .command('reconcile')
    .description('ask the provider about open orders without recent updates (PROVIDER_API_URL, PROVIDER_API_KEY)')
    .argument('[orderIds...]', "the panel's ids of the orders to ask about, instead of open orders without updates")
    .option('--silent-hours <hours>', 'how long an open order has had no update (6)')
    .option('--orders-max <count>', 'how many orders at most (10000)')
    .action(
      action(terminal, finished, async (cli, { silentHours, ordersMax }: ReconcileOptions, orderIds: string[]) => {
        const { reconcile } = await import('../reconcile/reconcile.ts')
        await reconcile(cli, [
          ...(silentHours === undefined ? [] : ['--silent-hours', silentHours]),
          ...(ordersMax === undefined ? [] : ['--orders-max', ordersMax]),
          // An id may begin with a hyphen.
          '--',
          ...orderIds,
        ])
      }),
    )
}
