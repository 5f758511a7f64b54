import type { OrderAction, ProviderOrder } from './order-store.ts'
import { createRandom } from './random.ts'

export interface AutopilotOptions {
  /** How often an order changes automatically. */
  readonly intervalMs: number
  /** The number of changes after which it stops. */
  readonly changesMax: number
}

export interface AutopilotDeps extends AutopilotOptions {
  readonly seed: number
  readonly open: () => readonly ProviderOrder[]
  readonly act: (orderId: string, action: OrderAction) => void
}

/** Most actions are progress; one in five ends an order. */
const ACTIONS: readonly OrderAction[] = [
  ...Array.from({ length: 12 }, () => 'progress' as const),
  'complete',
  'partial',
  'cancel',
]

/** Changes a random open order at each interval. @returns a function that stops it. */
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
