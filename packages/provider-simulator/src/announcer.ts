import { randomUUID } from 'node:crypto'
import { createDeliveryLog, type DeliveryLog } from './delivery-log.ts'
import type { ProviderOrder } from './order-book.ts'
import { createRandom, type Random } from './random.ts'
import { isForMany, WEBHOOK_SHAPES, writeWebhook, type WebhookBody, type WebhookShapeName } from './webhook-shapes.ts'
import { createWebhookSender, type RetryOptions, type WebhookTarget } from './webhook-sender.ts'

export interface AnnouncerOptions {
  readonly seed: number
  readonly shapes: readonly WebhookShapeName[]
  readonly mischief: Mischief
  readonly retry: RetryOptions
  readonly connectionsMax?: number | undefined
}

/** What happens to webhooks on their way; rates are from 0 to 1. */
export interface Mischief {
  /** Sent once more, as the same message. */
  readonly duplicateRate: number
  /** Never sent. */
  readonly dropRate: number
  /** Held back until the next one has been sent, or `HOLD_MS_MAX` have passed. */
  readonly reorderRate: number
  /** Every webhook waits a time of its own, from none to this. */
  readonly delayMsMax: number
}

export interface Announcer {
  /** Says where webhooks go from now on; nowhere, as at first, when there is no target. */
  aim(target: WebhookTarget | undefined): void
  readonly log: DeliveryLog
  /** Tells of orders as they are now, in one webhook or, where its shape is for one order, in several. */
  announce(orders: readonly ProviderOrder[]): void
  /** Sends anything, without mischief. */
  send(webhook: WebhookBody, orderIds?: readonly string[]): Promise<void>
  /** Waits until nothing is on its way. */
  idle(): Promise<void>
  close(): Promise<void>
}

const HOLD_MS_MAX = 250
/** How many may wait or be on their way; the next ones are dropped. */
const WAITING_MAX = 50_000

/**
 * Sends webhooks, with all that may happen to them. What happens to the n-th webhook is drawn from the seed and n alone,
 * so that the same commands meet the same fate whatever the timing.
 */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { seed, mischief } = options
  const log = createDeliveryLog()
  const sender = createWebhookSender({ ...options, log })
  let target: WebhookTarget | undefined
  // Ids are never those of another run: whoever remembers them would take a new message for an old one.
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
    const isDropped = random.chance(mischief.dropRate)
    const copies = random.chance(mischief.duplicateRate) ? 2 : 1
    const isHeld = random.chance(mischief.reorderRate)
    const aim = target

    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = Math.floor(random.next() * mischief.delayMsMax)
      const retrySeed = random.between(0, 0x7fffffff)
      const delivery = log.add({ messageId, orderIds, ...webhook })
      if (aim === undefined || isDropped || isClosed || log.counts.waiting > WAITING_MAX) {
        log.drop(delivery)
        continue
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      void track(promise.then(() => sender.send(delivery, aim, retrySeed)))
      if (isHeld) {
        held.push(resolve)
        after(HOLD_MS_MAX, release)
      } else if (delayMs === 0) resolve()
      else after(delayMs, resolve)
    }
    if (!isHeld) queueMicrotask(release)
  }

  return {
    log,
    aim: (next) => (target = next),
    announce(orders) {
      for (let rest = orders; rest.length > 0;) {
        const number = (count += 1)
        const random = createRandom(seed, number)
        const shape = random.pick(options.shapes)
        const size = isForMany(WEBHOOK_SHAPES[shape]) ? rest.length : 1
        launch(rest.slice(0, size), shape, number, random)
        rest = rest.slice(size)
      }
    },
    async send(webhook, orderIds = []) {
      const number = (count += 1)
      const delivery = log.add({ messageId: `msg_${run}_${number}`, orderIds, ...webhook })
      if (target === undefined || isClosed) return log.drop(delivery)
      await track(sender.send(delivery, target, seed ^ number))
    },
    async idle() {
      while (underway.size > 0) await Promise.all(underway)
    },
    async close() {
      isClosed = true
      await sender.close()
      // Those that still waited for their time find the sender closed and are given up.
      for (const [timer, start] of starts) {
        clearTimeout(timer)
        start()
      }
      release()
      await Promise.all(underway)
    },
  }
}
