import type { ErrorCode } from '@paxyo/contracts'
import { formatMoney, type Provider, type ReviewReason } from '@paxyo/order-core'
import { readBody } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Batcher, NotCommitted } from '../deliveries/batcher.ts'
import { markOvertaken } from '../deliveries/overtaken.ts'
import { toDeliveries } from '../deliveries/to-deliveries.ts'
import type { DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import type { FullRejectedRow, RejectedRequests } from './rejected-requests.ts'

export interface ReplayRejectedDeps {
  readonly pool: Pool
  readonly rejectedRequests: RejectedRequests
  readonly batcher: Batcher
  readonly providers: readonly Provider[]
  readonly newId: NewId
}

/** The result of replaying a rejected request. */
export interface RejectedReplay {
  readonly requestId: string
  /** Why it still cannot be read; null when its updates are committed. */
  readonly error: ErrorCode | null
  readonly detail: string | null
  readonly updates: {
    readonly deliveryId: string
    readonly providerOrderId: string | null
    readonly outcome: DeliveryResult['outcome']
    readonly reason: ReviewReason | null
    readonly refund: string | null
  }[]
}

/**
 * Reads a rejected request with the current parser and commits its updates. The ids of its deliveries are derived from the
 * message or request id, so that a repeated replay finds duplicates. An update that a later one has overtaken does not revert its order.
 *
 * @returns the result, or why it is not known whether anything was committed.
 * @example
 * const batcher = createBatcher({ ...ledger, log })
 * const rejectedRequests = createRejectedRequests({ pool, newId, log })
 * const sent = { contentType: 'text/xml', contentEncoding: undefined, messageId: undefined, body: Buffer.from('<a/>') }
 * const from = { provider: 'smmhub', receivedAt: new Date(), address: '192.0.2.1' }
 * await rejectedRequests.keep({ ...sent, ...from, reason: 'malformed_json', detail: undefined })
 * const [open] = await rejectedRequests.readOpen({ provider: 'smmhub', after: undefined, limit: 10 })
 * const result = await replayRejected({ pool, rejectedRequests, batcher, providers: [], newId }, open!)
 * typeof result === 'object' && result.error //=> 'unknown_provider'
 * await batcher.close()
 */
export async function replayRejected(
  deps: ReplayRejectedDeps,
  row: FullRejectedRow,
): Promise<RejectedReplay | NotCommitted> {
  const requestId = row.request_id
  const failed = (error: ErrorCode, detail?: string): RejectedReplay => ({
    requestId,
    error,
    detail: detail ?? null,
    updates: [],
  })
  const provider = deps.providers.find(({ name }) => name === row.provider)
  if (provider === undefined) return failed('unknown_provider')
  if (row.body === null) return failed('body_too_large', 'its body was not read')
  const headers = { contentType: row.content_type ?? undefined, contentEncoding: row.content_encoding ?? undefined }
  const read = await readBody(headers, row.body)
  const parsed = 'error' in read ? read : provider.parseUpdates(read.contentType, read.bytes)
  if ('error' in parsed) return failed(parsed.error, parsed.detail)

  const source = { provider: row.provider, messageId: row.message_id ?? requestId, receivedAt: row.received_at }
  const received = toDeliveries(parsed.updates, source, deps.newId)
  // As old as the last of equal requests.
  const deliveries = await markOvertaken(deps.pool, received, row.last_received_at)
  const results = await deps.batcher.submit(deliveries)
  if (typeof results === 'string') return results
  await deps.rejectedRequests.markReplayed(requestId)
  const updates = results.map(({ outcome, review, refund }, index) => ({
    deliveryId: deliveries[index]!.deliveryId,
    providerOrderId: deliveries[index]!.update?.providerOrderId ?? null,
    outcome,
    reason: review ?? null,
    refund: refund === undefined ? null : formatMoney(refund),
  }))
  return { requestId, error: null, detail: null, updates }
}
