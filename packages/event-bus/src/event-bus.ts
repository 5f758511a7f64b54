import type { BusMessage } from '@paxyo/contracts'

/**
 * Carries committed events to every gateway that listens for them: at most once, in the order of each publisher, to the
 * current subscribers. Gateways detect lost events by their seq and backfill them from the database.
 */
export interface EventBus {
  connectPublisher(): EventPublisher
  connectSubscriber(handlers: SubscriberHandlers): EventSubscriber
}

export interface EventPublisher {
  /** Whether publishing can succeed now. */
  readonly isReady: boolean
  /**
   * Resolves after the bus has accepted every message.
   *
   * @throws when some messages were not accepted, or when that is not known: publish all of them again.
   */
  publish(messages: readonly BusMessage[]): Promise<void>
  /** Calls the listener whenever the bus becomes ready, including the first time. */
  onReady(listener: () => void): void
  close(): Promise<void>
}

export interface SubscriberHandlers {
  onMessage(channel: string, payload: Buffer): void
  /** Called instead for a message whose signature is missing or wrong. */
  onRejected?(channel: string): void
  /** Called after a reconnect, when all channels are subscribed again: messages of the meantime are lost. */
  onRestored(): void
}

export interface EventSubscriber {
  /** Whether messages can arrive now. */
  readonly isReady: boolean
  /**
   * Resolves after the bus has acknowledged the subscription: messages published from then on arrive.
   *
   * @throws when the bus does not acknowledge it in time.
   */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  /** Replaces the connection, for a caller that detects that it does not deliver. */
  reconnect(): void
  close(): Promise<void>
}
