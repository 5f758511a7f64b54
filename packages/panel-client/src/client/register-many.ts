import { BULK_BODY_BYTES_MAX, BULK_ROWS_MAX, type BulkResponse, type RowResult } from '../schemas/bulk-orders.ts'
import type { Registration } from '../schemas/registration.ts'
import type { Transport } from './transport.ts'

/** The results of registrations, in their order. */
export interface RegisteredOrders {
  readonly registered: number
  readonly unchanged: number
  readonly rejected: number
  readonly results: readonly RowResult[]
}

/** Leaves room for the JSON around the rows. */
const CHUNK_BYTES_MAX = BULK_BODY_BYTES_MAX - 1024

/**
 * Registers orders with as few requests as the API's limits allow, one after the other. After an error the same call can
 * be repeated: orders that are registered already are `unchanged`.
 */
export async function registerMany(transport: Transport, orders: readonly Registration[]): Promise<RegisteredOrders> {
  const results: RowResult[] = []
  const counts = { registered: 0, unchanged: 0, rejected: 0 }
  for (const chunk of toChunks(orders)) {
    const response = await transport.post<BulkResponse>('/v1/orders/bulk', { orders: chunk })
    const before = results.length
    results.push(...response.results.map((result) => ({ ...result, index: result.index + before })))
    for (const outcome of ['registered', 'unchanged', 'rejected'] as const) counts[outcome] += response[outcome]
  }
  return { ...counts, results }
}

function* toChunks(orders: readonly Registration[]): Generator<Registration[]> {
  let chunk: Registration[] = []
  let bytes = 0
  for (const order of orders) {
    const orderBytes = Buffer.byteLength(JSON.stringify(order)) + 1
    if (chunk.length > 0 && (chunk.length === BULK_ROWS_MAX || bytes + orderBytes > CHUNK_BYTES_MAX)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(order)
    bytes += orderBytes
  }
  if (chunk.length > 0) yield chunk
}
