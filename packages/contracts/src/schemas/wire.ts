import { z } from 'zod'
import { CURSOR_CHARS_MAX, PAGE_ORDERS_MAX, TOKEN_CHARS_MAX } from '../data/wire-limits.ts'
import { accountViewSchema, orderEventSchema, orderViewSchema, totalsViewSchema } from './order-event.ts'
import { identifierSchema, seqSchema, timestampSchema } from './scalars.ts'

/** A client's position in its user's stream. A change of the epoch makes it void. */
export const positionSchema = z.object({ epoch: z.string().min(1).max(64), seq: seqSchema })

/**
 * JSON text frames from the client. The gateway ignores unknown members and frames of an unknown type, so that newer
 * clients work with older gateways.
 */
export const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    token: z.string().min(1).max(TOKEN_CHARS_MAX),
    resume: positionSchema.optional(),
    /** In the epoch of `resume`: the user has seen every event up to this one. */
    seen: seqSchema.optional(),
  }),
  z.object({ type: z.literal('refresh'), token: z.string().min(1).max(TOKEN_CHARS_MAX) }),
  z.object({ type: z.literal('pong') }),
  /** Asks for a `ping` at once, to learn whether the link still works. */
  z.object({ type: z.literal('check') }),
  /** The user has seen every event up to this one: the page has handled it and was visible. Never goes back. */
  z.object({ type: z.literal('seen'), seq: seqSchema }),
  /** Asks for the next older orders, with a `page`. One such request at a time, `page` or `orders`. */
  z.object({
    type: z.literal('page'),
    /** The `older` of a `welcome` or `page`; the newest orders when absent. */
    before: z.string().max(CURSOR_CHARS_MAX).optional(),
    limit: z.int().min(1).max(PAGE_ORDERS_MAX).optional(),
  }),
  /** Asks for orders by their ids, with an `orders` that has those of them that are the user's. */
  z.object({ type: z.literal('orders'), ids: z.array(identifierSchema).min(1).max(PAGE_ORDERS_MAX) }),
])

/** The types of client messages that this version knows. */
export const CLIENT_MESSAGE_TYPES: ReadonlySet<string> = new Set(
  clientMessageSchema.options.map(({ shape }) => shape.type.value),
)

const welcomeSchema = z.object({
  type: z.literal('welcome'),
  /** The newest protocol version that the gateway supports. */
  protocol: z.int(),
  /** The oldest one: a client of an older version must be updated. Gateways before revision 1.1 do not send it. */
  minProtocol: z.int().positive().optional(),
  /** The newest revision of that version. Gateways before revision 1.3 do not send it. */
  revision: z.int().nonnegative().optional(),
  userId: identifierSchema,
  epoch: z.string(),
  /** The last seq that this message includes; the next event is seq + 1. */
  seq: seqSchema,
  /**
   * `snapshot`: replace the displayed state with `account` and `orders`. `resumed`: keep it; the missed events follow.
   */
  mode: z.enum(['snapshot', 'resumed']),
  /** Absent when the user has no account yet, and when resumed. */
  account: accountViewSchema.optional(),
  orders: z.array(orderViewSchema).optional(),
  /** Of all orders of the user. Absent without an account, when resumed, and before revision 1.5. */
  totals: totalsViewSchema.optional(),
  /** Where the orders begin that are older than those here; absent when there are none. */
  older: z.string().optional(),
  pingIntervalMs: z.int().positive(),
})

/** JSON text frames to the client. Clients ignore unknown members, unknown types and unknown kinds of events. */
export const serverMessageSchema = z.union([
  welcomeSchema,
  orderEventSchema,
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('drain'), retryAfterMs: z.int().nonnegative() }),
  /** Events may arrive up to a few seconds late from now on, until `live`; also sent right before `welcome`. */
  z.object({ type: z.literal('delayed'), since: timestampSchema }),
  /** The delay is over: every event that was committed until now has been sent, and new ones arrive immediately. */
  z.object({ type: z.literal('live') }),
  /**
   * Orders as they were after the event `seq`, which may follow later. An order that an event with a greater seq has changed
   * is older than that event.
   */
  z.object({
    type: z.literal('page'),
    seq: seqSchema,
    /** Newest first. */
    orders: z.array(orderViewSchema),
    /** Where the older ones begin; absent when there are none. */
    older: z.string().optional(),
  }),
  z.object({ type: z.literal('orders'), seq: seqSchema, orders: z.array(orderViewSchema) }),
  z.object({
    type: z.literal('error'),
    code: z.string(),
    message: z.string(),
    /** The type of the client's message that was rejected; the connection stays open. Absent before a close. */
    request: z.string().optional(),
    /** When the client may send that message again. */
    retryAfterMs: z.int().nonnegative().optional(),
  }),
])

export type Position = z.infer<typeof positionSchema>
export type ClientMessage = z.infer<typeof clientMessageSchema>
export type ServerMessage = z.infer<typeof serverMessageSchema>
export type Welcome = z.infer<typeof welcomeSchema>
