import { PAGE_SIZE_MAX, type DeliveryView, type Replay, type ReplayRange } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { startProgress } from '../output/progress.ts'
import { table } from '../output/table.ts'
import { take } from './take.ts'

export interface ListDeliveriesOptions {
  readonly outcome?: string
  readonly provider?: string
  readonly order?: string
  readonly limit: number
}

export interface ReplayOptions {
  readonly from?: string
  readonly to?: string
  readonly outcome?: string
}

export async function listDeliveries(
  cli: Cli,
  { outcome, provider, order, limit }: ListDeliveriesOptions,
): Promise<void> {
  const query = {
    limit: Math.min(limit, PAGE_SIZE_MAX),
    // The API rejects an unknown outcome.
    ...(outcome === undefined ? {} : { outcome: outcome as DeliveryView['outcome'] }),
    ...(provider === undefined ? {} : { provider }),
    ...(order === undefined ? {} : { orderId: order }),
  }
  const deliveries = await withPanelApi(cli, (api) => take(api.deliveries.list(query), limit))
  cli.print(deliveries, () => (deliveries.length === 0 ? 'No deliveries.' : table(deliveries.map(toRow))))
}

const toRow = ({
  deliveryId,
  provider,
  providerOrderId,
  orderId,
  orderStatus,
  outcome,
  reason,
  receivedAt,
  replayOf,
}: DeliveryView): string[] => [
  receivedAt,
  reason === null ? outcome : `${outcome} (${reason})`,
  `${printable(provider)} order ${printable(providerOrderId ?? 'none')}`,
  orderId === null ? 'not registered' : `${printable(orderId)} (${orderStatus})`,
  printable(deliveryId) + (replayOf === null ? '' : ' (a replay)'),
]

export async function showDelivery(cli: Cli, deliveryId: string): Promise<void> {
  const found = await withPanelApi(cli, (api) => api.deliveries.get(deliveryId))
  const { delivery, replays } = found
  cli.print(found, () =>
    [table([delivery, ...replays].map(toRow)), printable(delivery.body ?? 'Its body is not kept any more.')].join('\n'),
  )
}

export async function replayDeliveries(cli: Cli, id: string | undefined, options: ReplayOptions): Promise<void> {
  const { from, to, outcome } = options
  if (id !== undefined && from === undefined) {
    return printReplays(cli, [await withPanelApi(cli, (api) => api.deliveries.replay(id))])
  }
  if (id !== undefined || from === undefined) {
    throw new Failure('usage', 'name one delivery, or a time range with --from')
  }
  const range: ReplayRange = {
    from,
    ...(to === undefined ? {} : { to }),
    ...(outcome === undefined ? {} : { outcome: outcome as DeliveryView['outcome'] }),
  }
  printReplays(cli, await replayRange(cli, range))
}

function replayRange(cli: Cli, range: ReplayRange): Promise<Replay[]> {
  return withPanelApi(cli, async (api) => {
    const progress = startProgress(cli, 'replay', 'deliveries')
    const replays: Replay[] = []
    for await (const page of api.deliveries.replayRange(range)) {
      replays.push(...page.data)
      progress.update(replays.length)
    }
    progress.end()
    return replays
  })
}

function printReplays(cli: Cli, replays: readonly Replay[]): void {
  cli.print(replays, () => (replays.length === 0 ? 'No deliveries to replay.' : table(replays.map(toReplayRow))))
}

const toReplayRow = ({ deliveryId, outcome, reason, refund }: Replay): string[] => [
  reason === null ? outcome : `${outcome} (${reason})`,
  refund === null ? 'no refund' : `refund ${refund}`,
  printable(deliveryId),
]
