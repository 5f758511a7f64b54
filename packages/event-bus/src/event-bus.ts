import type { BusMessage } from '@paxyo/contracts'

/**
 * Carries events from whoever committed them to every gateway that has a listener for them: at most once, in the order
 * of each publisher, to those who are subscribed at that moment. What gets lost is healed by seq and by the database.
 */
export interface EventBus {
  connectPublisher(): EventPublisher
  connectSubscriber(handlers: SubscriberHandlers): EventSubscriber
}

export interface EventPublisher {
  /** Whether publishing has a chance now. */
  readonly isReady: boolean
  /**
   * Resolves once the bus has taken every message.
   *
   * @throws when it took only some of them, or when that is not known: publish all of them again.
   */
  publish(messages: readonly BusMessage[]): Promise<void>
  /** Calls back whenever the bus becomes usable, the first time included. */
  onReady(listener: () => void): void
  close(): Promise<void>
}

export interface SubscriberHandlers {
  onMessage(channel: string, payload: Buffer): void
  /** After a break, once all channels are subscribed again: messages of the meantime are lost. */
  onRestored(): void
}

export interface EventSubscriber {
  /** Whether messages can arrive now. */
  readonly isReady: boolean
  /**
   * @returns once the bus has acknowledged it: whatever is published from now on arrives.
   * @throws when that has not happened within the time limit.
   */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  /** Gives up the connection for a new one, because nothing seems to come through. */
  reconnect(): void
  close(): Promise<void>
}
