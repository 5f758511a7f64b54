import type { ErrorCode } from '@paxyo/contracts'
import { isRejectedByDatabase, roundTrip } from '@paxyo/database'
import {
  type AuditedWork,
  commitOnce,
  type OnceWork,
  type IdempotentRequest,
  outcomesOf,
  readEpoch,
  registerOrders,
  type Registered,
  type Registration,
  type RegistrationRejection,
} from '@paxyo/ledger'
import { formatMoney } from '@paxyo/order-core'
import {
  BULK_BODY_BYTES_MAX,
  BULK_ROWS_MAX,
  bulkRegistrationSchema,
  bulkResponseSchema,
  registrationSchema,
  type RowResult,
} from '@paxyo/panel-client'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  type ApiDeps,
  idempotencyHeaders,
  idempotentRequest,
  operation,
  type PanelApi,
  reject,
  auditedChange,
} from '@paxyo/panel-api-kit'
import { toRegistration, type RegistrationDeps } from './to-registration.ts'

/** Rows of one transaction: enough to be fast, few enough that webhooks don't wait long for its accounts. */
const CHUNK_ROWS = 250
const ISSUES_SHOWN_MAX = 3

/** Rows are validated one by one, so that an invalid row does not fail the others. */
const envelopeSchema = z.strictObject({ orders: z.array(z.unknown()).min(1).max(BULK_ROWS_MAX) })

/** A valid row and its index in the request. */
interface ValidRow {
  readonly index: number
  readonly registration: Registration
}

/** `POST /v1/orders/bulk`. */
export function registerBulkOrders(api: PanelApi, deps: ApiDeps & RegistrationDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: bulkRegistrationSchema,
    ...operation({
      operationId: 'registerOrders',
      scope: 'orders:write',
      tag: 'Orders',
      summary: `Register up to ${BULK_ROWS_MAX} orders`,
      description:
        'Each row has its own result, and a rejected row does not fail the others. After any status but 200, retry the ' +
        'same request: rows that are already registered are `unchanged`.',
      responses: { 200: { description: 'One result per row, in the order of the rows.', schema: bulkResponseSchema } },
      errors: ['idempotency_key_reused', 'idempotency_key_in_use'],
    }),
  }
  api.post(
    '/v1/orders/bulk',
    {
      schema: { ...schema, body: envelopeSchema },
      config: { documentedBody: bulkRegistrationSchema },
      bodyLimit: BULK_BODY_BYTES_MAX,
    },
    async (request, reply) => {
      const { valid, invalid } = validateRows(deps, request.body.orders)
      const done = await registerAll(deps, request, valid)
      if (typeof done === 'string') return reject(reply, done)
      const results = [...done.results, ...invalid].toSorted((one, other) => one.index - other.index)
      const count = (outcome: RowResult['outcome']): number => results.filter((row) => row.outcome === outcome).length
      const counts = { registered: count('registered'), unchanged: count('unchanged'), rejected: count('rejected') }
      deps.log.info(counts, 'orders registered in bulk')
      return reply.send({ ...counts, epoch: done.epoch, results })
    },
  )
}

function validateRows(deps: RegistrationDeps, rows: readonly unknown[]): { valid: ValidRow[]; invalid: RowResult[] } {
  const valid: ValidRow[] = []
  const invalid: RowResult[] = []
  for (const [index, row] of rows.entries()) {
    const parsed = registrationSchema.safeParse(row)
    const registration = parsed.success
      ? toRegistration(deps, parsed.data)
      : { code: 'validation_failed' as const, detail: describe(parsed.error) }
    if (!('code' in registration)) {
      valid.push({ index, registration })
      continue
    }
    invalid.push({ index, orderId: orderIdOf(row), outcome: 'rejected', ...registration })
  }
  return { valid, invalid }
}

const describe = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, ISSUES_SHOWN_MAX)
    .map(({ path, message }) => `${path.join('.') || 'row'}: ${message}`)
    .join('; ')

function orderIdOf(row: unknown): string | null {
  const parsed = z.object({ orderId: registrationSchema.shape.orderId }).safeParse(row)
  return parsed.success ? parsed.data.orderId : null
}

/**
 * Registers rows in chunks and stores each chunk's response under the request's Idempotency-Key. The stored response of
 * a chunk that was committed before shows how many rows it had. When the database rejects a chunk, the chunk is halved
 * until the rejected row is alone.
 */
async function registerAll(
  deps: ApiDeps,
  request: FastifyRequest,
  rows: readonly ValidRow[],
): Promise<{ epoch: string | null; results: RowResult[] } | ErrorCode> {
  const results: RowResult[] = []
  // Only valid rows: JSON.stringify can fail on an invalid one, when it is nested too deeply.
  const whole = idempotentRequest(
    request,
    rows.map(({ index, registration }) => ({ index, ...registration, charge: formatMoney(registration.charge) })),
  )
  let epoch: string | null = null
  for (let size = CHUNK_ROWS; results.length < rows.length;) {
    const chunk = rows.slice(results.length, results.length + size)
    try {
      const done = await registerChunk(deps, whole && { ...whole, part: results.length }, chunk, auditedChange(request))
      if (typeof done === 'string') return done
      results.push(...done.results)
      epoch = done.epoch
      size = CHUNK_ROWS
    } catch (error) {
      if (!isRejectedByDatabase(error)) throw error
      if (chunk.length > 1) {
        size = Math.ceil(chunk.length / 2)
        continue
      }
      const { index, registration } = chunk[0]!
      deps.log.error({ err: error, orderId: registration.orderId }, 'order rejected by the database')
      results.push({ index, orderId: registration.orderId, outcome: 'rejected', code: 'internal_error' })
    }
  }
  return { epoch, results }
}

interface ChunkResponse {
  readonly epoch: string
  readonly results: RowResult[]
}

async function registerChunk(
  deps: ApiDeps,
  request: IdempotentRequest | undefined,
  chunk: readonly ValidRow[],
  audited: AuditedWork,
): Promise<ChunkResponse | ErrorCode> {
  const work: OnceWork = async (tx) => {
    const registrations = chunk.map(({ registration }) => registration)
    const [epoch, results] = await roundTrip([readEpoch(tx.client), registerOrders(tx, registrations)])
    const body: ChunkResponse = { epoch, results: results.map((result, index) => toRowResult(chunk[index]!, result)) }
    return { status: 200, body, audit: { after: outcomesOf(registrations, results) } }
  }
  const response = await commitOnce(deps, request, work, audited)
  return typeof response === 'string' ? response : (JSON.parse(response.json) as ChunkResponse)
}

function toRowResult({ index, registration }: ValidRow, result: Registered | RegistrationRejection): RowResult {
  const { orderId } = registration
  if (typeof result === 'string') return { index, orderId, outcome: 'rejected', code: result }
  return { index, orderId, outcome: result.isNew ? 'registered' : 'unchanged', seq: result.seq }
}
