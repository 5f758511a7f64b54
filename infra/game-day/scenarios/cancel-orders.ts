import type { Arena } from '../arena.ts'
import { register, sendStatus } from '../traffic.ts'
import { ingestOf } from './scenario.ts'

interface CanceledOrders {
  readonly userId: string
  readonly currency: string
  readonly count: number
}

/** Orders of a user that the provider cancels, each with a refund of one. */
export async function cancelOrders(arena: Arena, { userId, currency, count }: CanceledOrders): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const orderId = `G-${userId}-${number}`
    arena.provider.restore({ orderId, status: 'canceled' })
    await register(ingestOf(arena), orderId, userId, currency)
    await sendStatus(ingestOf(arena), orderId, 'Canceled')
  }
}
