import type { Mischief } from './announcer.ts'
import type { ApiFault } from './api-route.ts'
import type { AutopilotOptions } from './autopilot.ts'
import type { DeliveryLog } from './delivery-log.ts'
import type { NewOrder, OrderAction, OrderChange, ProviderOrder } from './order-book.ts'
import type { Proof } from './proof.ts'
import type { WebhookBody, WebhookShapeName } from './webhook-shapes.ts'
import type { RetryOptions, WebhookTarget } from './webhook-sender.ts'

export interface SimulatorOptions extends Partial<Mischief> {
  /** Where webhooks go; without one none are sent. */
  readonly webhookUrl?: string
  readonly proof?: Proof
  /** Replays what is random: steps of orders, shapes, mischief. */
  readonly seed?: number
  /** The shapes to choose from; all of them when none are given. */
  readonly shapes?: readonly WebhookShapeName[]
  readonly retry?: Partial<RetryOptions>
  /** How many webhooks are on their way at once, 32 unless given; with 1 and without mischief they arrive in their order. */
  readonly connectionsMax?: number
  /** Moves orders by itself. */
  readonly autopilot?: AutopilotOptions
  /** Made up when it is not given. */
  readonly apiKey?: string
  readonly host?: string
  readonly port?: number
}

/** A provider of one's own. What a command changes is told by webhook at once, as far as mischief lets it. */
export interface Simulator extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string
  /** Where its API is. */
  readonly apiUrl: string
  readonly apiKey: string
  readonly seed: number
  /** Takes an order, as by `action=add`; nothing is told. */
  add(order?: NewOrder): ProviderOrder
  /** Takes an order as it stands elsewhere, known before or not; nothing is told. */
  restore(order: NewOrder & { readonly orderId: string }): ProviderOrder
  order(orderId: string): ProviderOrder | undefined
  orders(): ProviderOrder[]
  /** Sets what it is told to, whatever the order's state. */
  change(orderId: string, change: OrderChange): ProviderOrder
  /** @throws SimulatorError when the order is unknown or final; so do its four kinds. */
  act(orderId: string, action: OrderAction): ProviderOrder
  progress(orderId: string): ProviderOrder
  complete(orderId: string): ProviderOrder
  partial(orderId: string): ProviderOrder
  cancel(orderId: string): ProviderOrder
  /**
   * Lets open orders, all or these, progress so many times in all.
   *
   * @returns how many changes that were: fewer when none is open any more.
   */
  burst(count: number, among?: readonly string[]): number
  /** Tells of orders once more, as they are. */
  announce(orderIds: readonly string[]): void
  /** Sends any webhook, true or not, with the proof but without mischief; resolves when it is answered or given up. */
  send(webhook: WebhookBody): Promise<void>
  readonly deliveries: DeliveryLog
  /** How many API requests had the right key, by action. */
  readonly requests: Readonly<Record<string, number>>
  /** Waits until no webhook is on its way. */
  idle(): Promise<void>
  /** Says where webhooks go from now on, or that none are sent. */
  setWebhook(target: WebhookTarget | undefined): void
  /** Lets the API misbehave, or not any more. */
  setApiFault(fault: ApiFault | undefined): void
  close(): Promise<void>
}
