import { identifierSchema, seqSchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'

export const gatewayCountsSchema = z
  .object({
    known: z.int().nonnegative().describe('Gateways that announced themselves in the last seconds.'),
    responded: z.int().nonnegative().describe('Those that responded within a second.'),
  })
  .describe('The result is complete when all known gateways have responded.')

/** A connection of a user. */
export const userConnectionSchema = z.object({
  gatewayId: z.string(),
  openedAt: timestampSchema,
  transport: z.string().describe('`websocket`, or `stream` where WebSockets are blocked; others may be added.'),
  browser: z.string().nullable().describe('From the User-Agent, such as `Firefox 140 on Windows`.'),
  userAgent: z.string().nullable(),
  sentSeq: seqSchema.nullable().describe('The last event that was sent; null while it joins.'),
  seenSeq: seqSchema.nullable().describe('The last event that the user has seen on this connection.'),
  lag: z.int().nonnegative().describe('How many committed events were not sent yet.'),
  unreadBytes: z.int().nonnegative().describe('Sent, and not yet read by the browser.'),
})
z.globalRegistry.add(userConnectionSchema, { id: 'UserConnection' })

/** The response of `GET /v1/users/{userId}/connections`. */
export const userConnectionsSchema = z.object({
  userId: identifierSchema,
  connections: z.array(userConnectionSchema),
  seq: seqSchema.describe("The newest event of the user's stream."),
  seen: z
    .object({ seq: seqSchema, at: timestampSchema })
    .nullable()
    .describe('How far the user has seen the stream, on any connection. Kept as long as the events.'),
  gateways: gatewayCountsSchema,
})

/** The response of `GET /v1/connections`. */
export const connectionCountsSchema = z.object({
  users: z.int().nonnegative().describe('Users online; one who is connected to two gateways counts twice.'),
  connections: z.int().nonnegative(),
  version: z.string().describe('The release of the webhook-ingest that responds.'),
  gateways: z
    .array(
      z.object({
        gatewayId: z.string(),
        users: z.int().nonnegative(),
        connections: z.int().nonnegative(),
        version: z.string().nullable().describe('Its release.'),
        busMs: z.number().nonnegative().nullable().describe('How long a message over the bus took it last.'),
      }),
    )
    .describe('As they announced themselves, at most a few seconds ago.'),
})

/** The response of `POST /v1/users/{userId}/disconnect`. */
export const disconnectedSchema = z.object({
  userId: identifierSchema,
  disconnectedAt: timestampSchema,
  closed: z
    .int()
    .nonnegative()
    .nullable()
    .describe(
      'How many connections the gateways have closed. Null when they did not report it; they close them anyway.',
    ),
  gateways: gatewayCountsSchema.nullable(),
})

/** The response of `POST /v1/users/{userId}/revoke-tokens`. */
export const revokedTokensSchema = z.object({
  userId: identifierSchema,
  tokensIssuedBefore: timestampSchema.describe("The user's tokens that were issued before it are revoked."),
  closed: disconnectedSchema.shape.closed,
  gateways: disconnectedSchema.shape.gateways,
})

export type UserConnection = z.infer<typeof userConnectionSchema>
export type UserConnections = z.infer<typeof userConnectionsSchema>
export type ConnectionCounts = z.infer<typeof connectionCountsSchema>
export type DisconnectedUser = z.infer<typeof disconnectedSchema>
export type RevokedTokens = z.infer<typeof revokedTokensSchema>
