import type { AccountView, OrderEvent, RefundView, ServerMessage, TotalsView } from '@paxyo/contracts'

/** A received event: of a kind that this client knows, or of one that only a newer server and application know. */
export interface ReceivedEvent {
  readonly [member: string]: unknown
  readonly type: 'event'
  readonly seq: number
  /** The kind. */
  readonly event: string
  readonly at: string
  readonly account?: AccountView | undefined
  readonly totals?: TotalsView | undefined
}

export type ReceivedMessage = Exclude<ServerMessage, OrderEvent> | ReceivedEvent

/**
 * Parses a frame. The client trusts the server, so it checks only what would break the client itself. The type may be
 * unknown: a newer server has more.
 *
 * @returns undefined when it is not a message of a gateway.
 */
export function readMessage(data: unknown): ReceivedMessage | undefined {
  try {
    const message = JSON.parse(data as string) as ReceivedMessage
    const hasSeq = message.type === 'event' || message.type === 'welcome'
    return hasSeq && !Number.isSafeInteger(message.seq) ? undefined : message
  } catch {
    return undefined
  }
}

/** An event about an order, of a kind that this client knows. */
export type OrderEventReceived = Extract<OrderEvent, { order: unknown }> & { readonly refund?: RefundView | undefined }

/** The subject of each kind. It is total: a kind of the contract that is missing here does not compile. */
const SUBJECTS: Readonly<Record<OrderEvent['event'], 'order' | 'account'>> = {
  'order.registered': 'order',
  'order.updated': 'order',
  'account.updated': 'account',
}

const KINDS: ReadonlySet<string> = new Set(Object.keys(SUBJECTS))

export const isKnownKind = ({ event }: ReceivedEvent): boolean => KINDS.has(event)

export function isAboutOrder(event: ReceivedEvent): event is OrderEventReceived {
  return isKnownKind(event) && SUBJECTS[event.event as OrderEvent['event']] === 'order'
}
