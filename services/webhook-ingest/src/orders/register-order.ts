import type { ErrorCode } from '@paxyo/contracts'
import type { WrittenAnswer } from '../api/answer.ts'
import { commitOnce, type IdempotentRequest } from '../api/idempotency.ts'
import { readEpoch } from '../api/position.ts'
import type { CommitDeps } from '../commit/commit-changes.ts'
import { registerOrders } from './register-orders.ts'
import type { Registration } from './registration.ts'

/** Registers one order in a transaction of its own. */
export function registerOrder(
  deps: CommitDeps,
  registration: Registration,
  request?: IdempotentRequest,
): Promise<WrittenAnswer | ErrorCode> {
  return commitOnce(deps, request, async (client, changes) => {
    const epoch = await readEpoch(client)
    const { at, results } = await registerOrders(client, changes, [registration], deps)
    const result = results[0]!
    if (typeof result === 'string') return { at, result }
    const { isNew, order, seq, appliedDeliveries } = result
    return { at, result: { status: isNew ? 201 : 200, body: { order, seq, epoch, appliedDeliveries } } }
  })
}
