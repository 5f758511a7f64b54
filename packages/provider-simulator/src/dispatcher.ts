import { randomUUID } from 'node:crypto'
import { createDeliveryLog, type DeliveryLog } from './delivery-log.ts'
import type { ProviderOrder } from './order-store.ts'
import { createRandom, type Random } from './random.ts'
import { WEBHOOK_MISTAKE_NAMES, writeMistake } from './webhook-mistakes.ts'
import { isForMany, WEBHOOK_SHAPES, writeWebhook, type WebhookBody, type WebhookShapeName } from './webhook-shapes.ts'
import { createWebhookSender, type RetryOptions, type WebhookTarget } from './webhook-sender.ts'

export interface DispatcherOptions {
  readonly seed: number
  readonly shapes: readonly WebhookShapeName[]
  /** How often a mistake is sent beside a webhook, from 0 to 1. */
  readonly mistakeRate: number
  readonly networkFaults: NetworkFaults
  readonly retry: RetryOptions
  readonly connectionsMax?: number | undefined
}

/** Faults that are injected between the simulator and the receiver of its webhooks; rates are from 0 to 1. */
export interface NetworkFaults {
  /** Sent twice, as the same message. */
  readonly duplicateRate: number
  /** Never sent. */
  readonly dropRate: number
  /** Held back until the next one has been sent, or `HOLD_MS_MAX` have passed. */
  readonly reorderRate: number
  /** Each webhook is delayed by a random time up to this. */
  readonly delayMsMax: number
}

export interface Dispatcher {
  /** Sets where webhooks are sent. Without a target, which is the initial state, none are sent. */
  setTarget(target: WebhookTarget | undefined): void
  readonly log: DeliveryLog
  /** Sends the current state of orders: in one webhook, or in several if its shape is for one order. */
  dispatch(orders: readonly ProviderOrder[]): void
  /** Sends any webhook, without network faults. */
  send(webhook: WebhookBody, orderIds?: readonly string[]): Promise<void>
  /** Waits until no webhook is in flight. */
  idle(): Promise<void>
  close(): Promise<void>
}

const HOLD_MS_MAX = 250
/** How many webhooks may be queued or in flight; further ones are dropped. */
const WAITING_MAX = 50_000

/**
 * Sends webhooks with injected network faults. The faults of the n-th webhook depend only on the seed and n, so the
 * same commands cause the same faults, independent of timing.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { seed, networkFaults } = options
  const log = createDeliveryLog()
  const sender = createWebhookSender({ ...options, log })
  let target: WebhookTarget | undefined
  // Ids are unique per run: a receiver that stores ids would otherwise treat a new message as a duplicate.
  const run = randomUUID().slice(0, 8)
  const underway = new Set<Promise<void>>()
  const starts = new Map<NodeJS.Timeout, () => void>()
  let held: (() => void)[] = []
  let count = 0
  let isClosed = false

  function release(): void {
    const ready = held
    held = []
    for (const start of ready) start()
  }

  function after(delayMs: number, start: () => void): void {
    const timer = setTimeout(() => {
      starts.delete(timer)
      start()
    }, delayMs)
    starts.set(timer, start)
  }

  function track(task: Promise<void>): Promise<void> {
    const tracked = task.finally(() => underway.delete(tracked))
    underway.add(tracked)
    return tracked
  }

  function launch(orders: readonly ProviderOrder[], shape: WebhookShapeName, number: number, random: Random): void {
    const webhook = writeWebhook(WEBHOOK_SHAPES[shape], orders, random.between(0, 11))
    const orderIds = orders.map(({ orderId }) => orderId)
    const messageId = `msg_${run}_${number}`
    const isDropped = random.chance(networkFaults.dropRate)
    const copies = random.chance(networkFaults.duplicateRate) ? 2 : 1
    const isHeld = random.chance(networkFaults.reorderRate)
    const currentTarget = target

    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = Math.floor(random.next() * networkFaults.delayMsMax)
      const retrySeed = random.between(0, 0x7fffffff)
      const delivery = log.add({ messageId, orderIds, ...webhook })
      if (currentTarget === undefined || isDropped || isClosed || log.counts.waiting > WAITING_MAX) {
        log.drop(delivery)
        continue
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      void track(promise.then(() => sender.send(delivery, currentTarget, retrySeed)))
      if (isHeld) {
        held.push(resolve)
        after(HOLD_MS_MAX, release)
      } else if (delayMs === 0) resolve()
      else after(delayMs, resolve)
    }
    if (!isHeld) queueMicrotask(release)
    if (random.chance(options.mistakeRate)) {
      const mistake = writeMistake(random.pick(WEBHOOK_MISTAKE_NAMES), random.pick(orderIds), `${run}${number}`)
      void send(mistake, orderIds)
    }
  }

  async function send(webhook: WebhookBody, orderIds: readonly string[]): Promise<void> {
    const number = (count += 1)
    const delivery = log.add({ messageId: `msg_${run}_${number}`, orderIds, ...webhook })
    if (target === undefined || isClosed) return log.drop(delivery)
    await track(sender.send(delivery, target, seed ^ number))
  }

  return {
    log,
    setTarget: (next) => (target = next),
    dispatch(orders) {
      for (let rest = orders; rest.length > 0;) {
        const number = (count += 1)
        const random = createRandom(seed, number)
        const shape = random.pick(options.shapes)
        const size = isForMany(WEBHOOK_SHAPES[shape]) ? rest.length : 1
        launch(rest.slice(0, size), shape, number, random)
        rest = rest.slice(size)
      }
    },
    send: (webhook, orderIds = []) => send(webhook, orderIds),
    async idle() {
      while (underway.size > 0) await Promise.all(underway)
    },
    async close() {
      isClosed = true
      await sender.close()
      // The sender is closed, so delayed webhooks are given up.
      for (const [timer, start] of starts) {
        clearTimeout(timer)
        start()
      }
      release()
      await Promise.all(underway)
    },
  }
}
