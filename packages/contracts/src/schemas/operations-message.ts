/**
 * Messages for the operator's console. They are JSON, and not part of the wire of browsers.
 *
 * - webhook-ingest → the gateways with an operator's socket, on `OPERATIONS_CHANNEL`: `OperationsMessage`, one for each
 *   committed transaction.
 * - a gateway → a console, on its socket `/operations`: `OperatorServerMessage`.
 * - a console → a gateway: `OperatorClientMessage`, once.
 *
 * Delivered at most once and without positions: a console reads what it shows from the panel API when it connects, and
 * again after `sampled`.
 */

import { z } from 'zod'
import { RECORDED_OUTCOMES } from '../data/delivery-outcomes.ts'
import { orderStatusSchema } from './order-event.ts'
import { currencySchema, identifierSchema, moneySchema, timestampSchema, totalMoneySchema } from './scalars.ts'

/** The deliveries of a batch that its message describes one by one; the others are only counted. */
export const OPERATIONS_ROWS_MAX = 10

const countSchema = z.int().nonnegative()
const outcomeSchema = z.enum(RECORDED_OUTCOMES)

/** A delivery, as committed. */
const rowSchema = z.object({
  deliveryId: z.string(),
  provider: z.string(),
  providerOrderId: z.string().nullable().describe('Null when the provider named no order.'),
  orderId: identifierSchema.nullable().describe('Null while the order is not registered.'),
  userId: identifierSchema.nullable(),
  outcome: outcomeSchema,
  reason: z.string().nullable().describe('Why a person must decide.'),
  reported: z.string().nullable().describe('The status that the provider reported; its own word when that is unknown.'),
  status: orderStatusSchema.nullable().describe('Of the order, after the delivery.'),
  refund: moneySchema.nullable(),
  currency: currencySchema.nullable().describe('Of the refund.'),
  receivedAt: timestampSchema,
})

const batchSchema = z.object({
  type: z.literal('batch'),
  at: timestampSchema.describe("When it was committed, by the database's clock."),
  outcomes: z.partialRecord(outcomeSchema, countSchema).describe('The number of deliveries, by outcome.'),
  providers: z.record(z.string(), countSchema).describe('The number of deliveries, by provider.'),
  refunds: z
    .array(z.object({ currency: currencySchema, amount: totalMoneySchema, count: countSchema.positive() }))
    .describe('Sums of the refunds, also of those that a person has decided.'),
  reviews: z.object({
    opened: countSchema.describe('Reviews that were opened, or counted up because they were open already.'),
    resolved: countSchema,
  }),
  rows: z.array(rowSchema).max(OPERATIONS_ROWS_MAX).describe('The first deliveries of the batch.'),
})

const endpointSchema = z.object({
  type: z.literal('endpoint'),
  at: timestampSchema,
  endpointId: z.string(),
  state: z
    .enum(['failing', 'delivering'])
    .describe('What an endpoint of outgoing webhooks does. Further attempts repeat it, at most once a second.'),
  error: z.string().nullable(),
})

/** What webhook-ingest publishes. */
export const operationsMessageSchema = z.discriminatedUnion('type', [batchSchema, endpointSchema])

/** What a console receives. */
export const operatorServerMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    operatorId: z.string(),
    expiresAt: timestampSchema.describe('When the session ends, and the socket with it.'),
    pingIntervalMs: z.int().positive(),
  }),
  batchSchema,
  endpointSchema,
  z.object({
    type: z.literal('connections'),
    users: countSchema,
    connections: countSchema,
    gateways: countSchema,
  }),
  z
    .object({ type: z.literal('sampled'), batches: countSchema, deliveries: countSchema })
    .describe('Not sent, because the console reads too slowly, or lost on the bus: read the numbers again.'),
  z.object({ type: z.literal('ping') }),
])

/** What a console sends: the ticket of `POST /console/api/ticket`, which is valid once. */
export const operatorClientMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), ticket: z.string().min(1).max(128) }),
])

export type OperationsMessage = z.infer<typeof operationsMessageSchema>
export type OperationsBatch = z.infer<typeof batchSchema>
export type OperationsRow = z.infer<typeof rowSchema>
export type OperatorServerMessage = z.infer<typeof operatorServerMessageSchema>
export type OperatorClientMessage = z.infer<typeof operatorClientMessageSchema>
