import { randomUUID } from 'node:crypto'
import { connectApi, type ApiClient } from '../api/api-client.ts'
import type { Cli } from '../cli.ts'
import type { ListDeliveriesOptions, ReplayOptions } from '../commands/deliveries.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { startProgress } from '../output/progress.ts'
import { table } from '../output/table.ts'
import { readPages } from './pages.ts'

interface Delivery {
  readonly deliveryId: string
  readonly providerOrderId: string | null
  readonly orderId: string | null
  readonly outcome: string
  readonly reason: string | null
  readonly receivedAt: string
  readonly replayOf: string | null
}

interface Replay {
  readonly deliveryId: string
  readonly replayId: string | null
  readonly outcome: string
  readonly reason: string | null
  readonly refund: string | null
}

export async function listDeliveries(cli: Cli, { outcome, order, limit }: ListDeliveriesOptions): Promise<void> {
  const api = await connectApi(cli.env, cli.signal)
  const deliveries = await Array.fromAsync(
    readPages<Delivery>(api, '/v1/deliveries', { outcome, orderId: order }, limit),
  )
  cli.print(deliveries, () => (deliveries.length === 0 ? 'There are none.' : table(deliveries.map(toRow))))
}

const toRow = ({ deliveryId, providerOrderId, orderId, outcome, reason, receivedAt, replayOf }: Delivery): string[] => [
  receivedAt,
  reason === null ? outcome : `${outcome} (${reason})`,
  `provider's ${printable(providerOrderId ?? 'none')}`,
  orderId === null ? 'not registered' : printable(orderId),
  printable(deliveryId) + (replayOf === null ? '' : ' (a replay)'),
]

export async function showDelivery(cli: Cli, deliveryId: string): Promise<void> {
  const api = await connectApi(cli.env, cli.signal)
  const found = await api.get<{ delivery: Delivery & { body: string }; replays: readonly Delivery[] }>(
    `/v1/deliveries/${encodeURIComponent(deliveryId)}`,
  )
  const { delivery, replays } = found
  cli.print(found, () => [table([delivery, ...replays].map(toRow)), printable(delivery.body)].join('\n'))
}

export async function replayDeliveries(cli: Cli, id: string | undefined, options: ReplayOptions): Promise<void> {
  const { from, to, outcome } = options
  if ((id === undefined) === (from === undefined)) {
    throw new Failure('usage', 'name one delivery, or a span of time with --from')
  }
  const api = await connectApi(cli.env, cli.signal)
  const replays =
    id === undefined
      ? await replayRange(cli, api, { from, to, outcome })
      : [await api.post<Replay>(`/v1/deliveries/${encodeURIComponent(id)}/replay`, undefined, randomUUID())]
  cli.print(replays, () => (replays.length === 0 ? 'There was nothing to replay.' : table(replays.map(toReplayRow))))
}

/** One request after the other, each with a key of its own: a request that is cut off may simply be made again. */
async function replayRange(cli: Cli, api: ApiClient, range: object): Promise<Replay[]> {
  const progress = startProgress(cli, 'replay', 'deliveries')
  const replays: Replay[] = []
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page: { data: Replay[]; nextCursor: string | null } = await api.post(
      '/v1/deliveries/replay',
      cursor === undefined ? range : { ...range, cursor },
      randomUUID(),
    )
    replays.push(...page.data)
    progress.update(replays.length)
    cursor = page.nextCursor
  }
  progress.end()
  return replays
}

const toReplayRow = ({ deliveryId, outcome, reason, refund }: Replay): string[] => [
  reason === null ? outcome : `${outcome} (${reason})`,
  refund === null ? 'no refund' : `refund ${refund}`,
  printable(deliveryId),
]
