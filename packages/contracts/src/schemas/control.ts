/**
 * Messages between webhook-ingest and the gateways, over the bus. They are JSON, delivered at most once, and a receiver
 * ignores those that it cannot read, so that both services can be updated one after the other.
 *
 * - webhook-ingest → every gateway, on `CONTROL_CHANNEL`: `ControlMessage`.
 * - a gateway → webhook-ingest: `gateway` and `gateway_closed` on `GATEWAYS_CHANNEL` to every process, and `response` and
 *   `receipts` on `ingestChannel` to one.
 *
 * Nothing depends on the delivery of one message: gateways also read cutoffs from the database, send receipts until they
 * are stored, and announce themselves again.
 */

import { z } from 'zod'
import { identifierSchema, seqSchema, timestampSchema } from './scalars.ts'

const idSchema = z.string().min(1).max(128)
const ageMsSchema = z.number().nonnegative()

/** What a response belongs to. */
const requestFields = { ingestId: idSchema, requestId: idSchema, userId: identifierSchema }

export const controlMessageSchema = z.discriminatedUnion('type', [
  /** A process of webhook-ingest accepts receipts; sent every few seconds. */
  z.object({ type: z.literal('ingest'), ingestId: idSchema }),
  /** A cutoff was committed; a gateway reads it from the database within a second in any case. */
  z.object({
    type: z.literal('cutoff'),
    ...requestFields,
    /** Tokens issued before it are revoked. */
    tokensIssuedBefore: timestampSchema.nullable(),
    /** Identifies the disconnect, so that it is carried out once. */
    disconnectedAt: timestampSchema.nullable(),
  }),
  /** One token was revoked; a gateway reads it from the database within a second in any case. */
  z.object({ type: z.literal('revoked_token'), ...requestFields, jti: idSchema }),
  /** Asks for the connections of a user. */
  z.object({ type: z.literal('connections'), ...requestFields }),
  /** The receipts of a batch are committed. */
  z.object({ type: z.literal('receipts_stored'), gatewayId: idSchema, batchId: idSchema }),
])

/** A connection of a user, as its gateway sees it. */
export const connectionReportSchema = z.object({
  openedAt: timestampSchema,
  transport: z.string(),
  userAgent: z.string().nullable(),
  /** Null until the stream has begun. */
  sentSeq: seqSchema.nullable(),
  seenSeq: seqSchema.nullable(),
  unreadBytes: z.int().nonnegative(),
})

/** `[userId, epoch, seq, ageMs]`: how long ago the user has seen the event. An age needs no common clock. */
const receiptSchema = z.tuple([identifierSchema, idSchema, seqSchema, ageMsSchema])
/**
 * `[userId, epoch, seq, ageMs, connections, isLive]`: how long ago, and to how many connections, the stream was sent.
 * `isLive` is 1 for a new event, and 0 for the beginning of a connection.
 */
const sentPositionSchema = z.tuple([
  identifierSchema,
  idSchema,
  seqSchema,
  ageMsSchema,
  z.int().positive(),
  z.literal([0, 1]),
])

/** A secret that a process knows, without the secret. The kinds of later versions are kept. */
const announcedSecretSchema = z.object({
  kind: z.string().max(64),
  provider: z.string().max(64),
  fingerprint: z.string().max(64),
  place: z.int().nonnegative(),
  /** Null when the process has not seen it used. */
  usedMsAgo: ageMsSchema.nullable(),
})

export const gatewayMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('gateway'),
    gatewayId: idSchema,
    connections: z.int().nonnegative(),
    users: z.int().nonnegative(),
    /** Its release. */
    version: z.string().max(64).optional(),
    /** How long its last message to itself over the bus took; absent before the first one. */
    busMs: ageMsSchema.optional(),
    /** The secrets that it accepts. */
    secrets: z.array(announcedSecretSchema).max(100).optional(),
  }),
  z.object({ type: z.literal('gateway_closed'), gatewayId: idSchema }),
  z.object({
    type: z.literal('response'),
    gatewayId: idSchema,
    requestId: idSchema,
    /** Those that a cutoff has closed, or those that were asked for. */
    connections: z.array(connectionReportSchema),
  }),
  z.object({
    type: z.literal('receipts'),
    gatewayId: idSchema,
    batchId: idSchema,
    seen: z.array(receiptSchema),
    sent: z.array(sentPositionSchema),
  }),
])

export type ControlMessage = z.infer<typeof controlMessageSchema>
export type ConnectionReport = z.infer<typeof connectionReportSchema>
export type AnnouncedSecret = z.infer<typeof announcedSecretSchema>
export type GatewayMessage = z.infer<typeof gatewayMessageSchema>
export type ReceiptsMessage = Extract<GatewayMessage, { type: 'receipts' }>
export type Receipt = z.infer<typeof receiptSchema>
export type SentPosition = z.infer<typeof sentPositionSchema>

/**
 * Parses a message of the bus.
 *
 * @returns undefined when it does not match the schema: it is from another version.
 * @example
 * parseBusMessage(controlMessageSchema, '{"type":"ingest","ingestId":"a"}') //=> { type: 'ingest', ingestId: 'a' }
 */
export function parseBusMessage<Message>(schema: z.ZodType<Message>, text: string): Message | undefined {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
