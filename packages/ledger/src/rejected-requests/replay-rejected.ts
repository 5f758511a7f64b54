import {
  toDeliveries,
  type Batcher,
  type FullRejectedRow,
  type NewId,
  type NotCommitted,
  type RejectedRequests,
} from '@paxyo/ledger'
import { formatMoney, type Provider } from '@paxyo/order-core'
import type { RejectedReplay } from '@paxyo/panel-client'
import { readBody } from '../../webhook/read-body.ts'

export interface ReplayRejectedDeps {
  readonly rejectedRequests: RejectedRequests
  readonly batcher: Batcher
  readonly providers: readonly Provider[]
  readonly newId: NewId
}

/**
 * Reads a rejected request with the current parser and commits its updates. The ids of its deliveries are derived from the
 * message or request id, so that a repeated replay finds duplicates.
 *
 * @returns the result, or why it is not known whether anything was committed.
 */
export async function replayRejected(
  deps: ReplayRejectedDeps,
  row: FullRejectedRow,
): Promise<RejectedReplay | NotCommitted> {
  const requestId = row.request_id
  const failed = (error: RejectedReplay['error'], detail?: string): RejectedReplay => ({
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
  const deliveries = toDeliveries(parsed.updates, source, deps.newId)
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
