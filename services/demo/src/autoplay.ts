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
}

/** Disposing waits until the current change is done. */
export interface Autoplay extends AsyncDisposable {
  /** A visitor has opened the page and received a token. */
  wake(): void
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
export function startAutoplay({ panel, actions, intervalMs, log, random }: AutoplayDeps): Autoplay {
  let awakeUntil = -Infinity
  let moves = 0

  async function move(): Promise<void> {
    if (performance.now() > awakeUntil) return
    const open = await panel.openOrders()
    if (open.length < OPEN_ORDERS_MIN) return actions.newOrder()
    const action = MOVES[moves % MOVES.length]!
    moves += 1
    await actions.act(action, open[Math.floor(random() * open.length)]!.orderId)
  }

  const mover = createWorker({
    run: move,
    backstopMs: intervalMs,
    onError: (err) => log.warn({ err }, 'autoplay failed'),
  })
  mover.wake(intervalMs)
  return {
    wake: () => void (awakeUntil = performance.now() + AWAKE_MS),
    [Symbol.asyncDispose]: mover.close,
  }
}
