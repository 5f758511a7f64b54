import {
  PAGE_SIZE_MAX,
  type ListRejectedRequestsQuery,
  type RejectedReplay,
  type RejectedRequestView,
} from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { take } from './take.ts'

export interface ListRejectedOptions {
  readonly provider?: string
  readonly state: string
  readonly limit: number
}

export interface ReplayRejectedOptions {
  readonly provider?: string
}

export async function listRejected(cli: Cli, { provider, state, limit }: ListRejectedOptions): Promise<void> {
  const query: ListRejectedRequestsQuery = {
    limit: Math.min(limit, PAGE_SIZE_MAX),
    // The API rejects a state that it does not know.
    state: state as 'open',
    ...(provider === undefined ? {} : { provider }),
  }
  const requests = await withPanelApi(cli, (api) => take(api.rejectedRequests.list(query), limit))
  cli.print(requests, () => (requests.length === 0 ? 'No rejected requests.' : table(requests.map(toRow))))
}

const toRow = ({ lastReceivedAt, provider, reason, count, contentType, requestId }: RejectedRequestView): string[] => [
  lastReceivedAt,
  provider,
  count === 1 ? reason : `${reason} (${count} times)`,
  printable(contentType ?? 'no content type'),
  requestId,
]

export async function showRejected(cli: Cli, requestId: string): Promise<void> {
  const request = await withPanelApi(cli, (api) => api.rejectedRequests.get(requestId))
  cli.print(request, () =>
    [
      table([toRow(request)]),
      ...(request.detail === null ? [] : [printable(request.detail)]),
      request.body === null ? 'The body was too large to be read.' : printable(request.body),
    ].join('\n'),
  )
}

export async function replayRejected(
  cli: Cli,
  id: string | undefined,
  { provider }: ReplayRejectedOptions,
): Promise<void> {
  if (id !== undefined && provider !== undefined) throw new Failure('usage', 'name one request, or a provider')
  const replays = await withPanelApi(cli, async (api) => {
    if (id !== undefined) return [await api.rejectedRequests.replay(id)]
    const all: RejectedReplay[] = []
    for await (const page of api.rejectedRequests.replayAll(provider === undefined ? {} : { provider }))
      all.push(...page.data)
    return all
  })
  if (replays.some(({ error }) => error !== null)) cli.finish('violations')
  cli.print(replays, () => (replays.length === 0 ? 'Nothing to replay.' : table(replays.flatMap(toReplayRows))))
}

const toReplayRows = ({ requestId, error, detail, updates }: RejectedReplay): string[][] =>
  error === null
    ? updates.map(({ providerOrderId, outcome, reason, refund }) => [
        requestId,
        reason === null ? outcome : `${outcome} (${reason})`,
        `provider's ${printable(providerOrderId ?? 'none')}`,
        refund === null ? 'no refund' : `refund ${refund}`,
      ])
    : [[requestId, 'not readable', error, printable(detail ?? '')]]
