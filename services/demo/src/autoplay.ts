import { createWorker } from '@paxyo/service-kit'
import type { Logger } from 'pino'
import type { DemoPanel } from './demo-panel.ts'
import type { DemoAction, DemoActions } from './page-server/action-routes.ts'

export interface AutoplayDeps {
  readonly panel: Pick<DemoPanel, 'openOrders'>
  readonly actions: Pick<DemoActions, 'act' | 'newOrder'>
  readonly intervalMs: number
  readonly log: Logger
  /** From 0 to 1. */
  readonly random: () => number
  /**
   * An order that is left to the visitor. It stays the newest, so that it stays in view: no order is added, and when no other
   * one is open, nothing changes.
   */
  readonly sparedOrderId?: string
}

/** Disposing waits until the current change is done. */
export interface Autoplay extends AsyncDisposable {
  /** A visitor has opened the page and received a token. */
  wake(): void
  /** A visitor has taken over: nothing moves by itself from now on. */
  stop(): void
  /** Whether an order will change by itself. */
  readonly isMoving: boolean
}

/** The lifetime of a token: a page that is still open requests another one before it ends. */
const AWAKE_MS = 60 * 60 * 1000
const OPEN_ORDERS_MIN = 6
/** Most moves are progress; the others end an order, two in three with a refund. */
const MOVES: readonly DemoAction[] = [
  'progress',
  'progress',
  'partial',
  'progress',
  'progress',
  'complete',
  'progress',
  'progress',
  'cancel',
]

/** Changes an order of the demo at every interval, while the page is open. */
export function startAutoplay(deps: AutoplayDeps): Autoplay {
  const { panel, actions, intervalMs, log, random, sparedOrderId } = deps
  let awakeUntil = -Infinity
  let moves = 0
  let isOver = false
  const isMoving = (): boolean => !isOver && performance.now() <= awakeUntil

  async function move(): Promise<void> {
    if (!isMoving()) return
    const open = (await panel.openOrders()).filter(({ orderId }) => orderId !== sparedOrderId)
    if (open.length < OPEN_ORDERS_MIN && sparedOrderId === undefined) return actions.newOrder()
    const order = open[Math.floor(random() * open.length)]
    // It may have been stopped in the meantime.
    if (order === undefined || !isMoving()) return
    const action = MOVES[moves % MOVES.length]!
    moves += 1
    await actions.act(action, order.orderId)
  }

  const mover = createWorker({
    run: move,
    backstopMs: intervalMs,
    onError: (err) => log.warn({ err }, 'autoplay failed'),
  })
  mover.wake(intervalMs)
  return {
    wake: () => void (awakeUntil = performance.now() + AWAKE_MS),
    stop: () => void (isOver = true),
    get isMoving() {
      return isMoving()
    },
    [Symbol.asyncDispose]: mover.close,
  }
}
