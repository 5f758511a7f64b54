import type { ErrorCode } from '@paxyo/contracts'
import type { WrittenAnswer } from '../kit/answer.ts'
import { commitOnce, type IdempotentRequest } from '../kit/idempotency.ts'
import { readEpoch } from '../kit/position.ts'
import type { CommitDeps } from '@paxyo/ledger'
import { registerOrders } from '@paxyo/ledger'
import type { Registration } from '@paxyo/panel-client'

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
