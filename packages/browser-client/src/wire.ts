import type { AccountView, OrderEvent, RefundView, ServerMessage } from '@paxyo/contracts'

/** An event as it comes: of a kind that this client knows, or of one that only a newer server and application know. */
export interface ReceivedEvent {
  readonly [member: string]: unknown
  readonly type: 'event'
  readonly seq: number
  /** The kind. */
  readonly event: string
  readonly at: string
  readonly account?: AccountView | undefined
}

export type ReceivedMessage = Exclude<ServerMessage, OrderEvent> | ReceivedEvent

/**
 * Reads a frame. The server is trusted, so only what the client itself would stumble over is looked at. There may be
 * types that this client does not know: a newer server says more.
 *
 * @returns undefined when it is nothing that a server of ours would send.
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

/** What each kind is about. It is total: a kind of the contract that is missing here does not compile. */
const SUBJECTS: Readonly<Record<OrderEvent['event'], 'order' | 'account'>> = {
  'order.registered': 'order',
  'order.updated': 'order',
  'account.updated': 'account',
}

export const isKnownKind = ({ event }: ReceivedEvent): boolean => Object.hasOwn(SUBJECTS, event)

export function isAboutOrder(event: ReceivedEvent): event is OrderEventReceived {
  return isKnownKind(event) && SUBJECTS[event.event as OrderEvent['event']] === 'order'
}
