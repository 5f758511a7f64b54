import { RECORDED_OUTCOMES } from '@paxyo/contracts/data'
import { action } from '../cli.ts'
import type { ListDeliveriesOptions, ReplayOptions } from '../back-office/deliveries.ts'
import type { AddCommand } from '../add-command.ts'
import { parseLimit } from './limit.ts'

const load = () => import('../back-office/deliveries.ts')

export const addDeliveries: AddCommand = (program, terminal, finished) => {
  const deliveries = program
    .command('deliveries')
    .description('order updates received from providers, with their outcomes (PAXYO_URL, PAXYO_API_KEY)')
  deliveries
    .command('list')
    .description('list deliveries, newest first')
    .option('-o, --outcome <outcome>', `one of ${RECORDED_OUTCOMES.join(', ')}`)
    .option('--provider <name>', 'only deliveries of this provider')
    .option('--order <orderId>', "only deliveries of this order (the panel's id)")
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(
      action(terminal, finished, async (cli, options: ListDeliveriesOptions) =>
        (await load()).listDeliveries(cli, options),
      ),
    )
  deliveries
    .command('show')
    .description('show a delivery with its body')
    .argument('<deliveryId>')
    .action(action(terminal, finished, async (cli, _options, id: string) => (await load()).showDelivery(cli, id)))
  deliveries
    .command('replay')
    .description('process a delivery again, or all deliveries of a time range; no refund is paid twice')
    .argument('[deliveryId]')
    .option('--from <time>', 'received at this time or later, such as 2026-11-22T18:00:00Z')
    .option('--to <time>', 'received before this time')
    .option('-o, --outcome <outcome>', 'only deliveries with this outcome')
    .action(
      action(terminal, finished, async (cli, options: ReplayOptions, id: string | undefined) =>
        (await load()).replayDeliveries(cli, id, options),
      ),
    )
}
