import type { FullRejectedRow, RejectedRow } from '@paxyo/ledger'
import type { FullRejectedRequestView, RejectedRequestView } from '@paxyo/panel-client'

export const toRejectedRequest = (row: RejectedRow): RejectedRequestView => ({
  requestId: row.request_id,
  provider: row.provider,
  reason: row.reason as RejectedRequestView['reason'],
  detail: row.detail,
  contentType: row.content_type,
  contentEncoding: row.content_encoding,
  receivedAt: row.received_at.toISOString(),
  lastReceivedAt: row.last_received_at.toISOString(),
  count: row.count,
  address: row.address,
  bodyBytes: row.body_bytes,
  replayedAt: row.replayed_at?.toISOString() ?? null,
})

export function toFullRejectedRequest(row: FullRejectedRow): FullRejectedRequestView {
  const text = row.body === null ? null : toText(row.body)
  return {
    ...toRejectedRequest(row),
    body: text ?? row.body?.toString('base64') ?? null,
    bodyFormat: row.body !== null && text === undefined ? 'base64' : 'text',
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function toText(bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
