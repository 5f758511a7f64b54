import type { OrderAction, ProviderOrder } from './order-book.ts'
import { createRandom } from './random.ts'

export interface AutopilotOptions {
  /** How often an order moves by itself. */
  readonly intervalMs: number
  /** After so many changes it stops. */
  readonly changesMax: number
}

export interface AutopilotDeps extends AutopilotOptions {
  readonly seed: number
  readonly open: () => readonly ProviderOrder[]
  readonly act: (orderId: string, action: OrderAction) => void
}

/** Mostly orders progress; one time in five an order comes to its end. */
const ACTIONS: readonly OrderAction[] = [
  ...Array.from({ length: 12 }, () => 'progress' as const),
  'complete',
  'partial',
  'cancel',
]

/** Moves open orders along, one at a time. @returns how to stop it. */
export function startAutopilot({ intervalMs, changesMax, seed, open, act }: AutopilotDeps): () => void {
  const random = createRandom(seed, -1)
  let changes = 0
  const timer = setInterval(() => {
    const orders = open()
    if (orders.length === 0) return
    act(random.pick(orders).orderId, random.pick(ACTIONS))
    changes += 1
    if (changes >= changesMax) clearInterval(timer)
  }, intervalMs)
  return () => clearInterval(timer)
}
