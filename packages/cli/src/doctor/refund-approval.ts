import { formatMoney } from '@paxyo/order-core'
import { ConfigError } from '@paxyo/service-kit/config'
import { loadRefundApproval } from '../load-providers.ts'
import { failed, ok, type Diagnostic } from '@paxyo/database/diagnostic'

/** Which refunds wait for a person, by the variables of this environment. */
export function diagnoseRefundApproval(env: Readonly<Record<string, string | undefined>>): readonly Diagnostic[] {
  try {
    const approval = loadRefundApproval(env)
    if (approval === undefined) return [ok('refund-approval', 'refunds are paid without the approval of a person')]
    if (approval.isAlways) return [ok('refund-approval', 'every refund waits for a person')]
    const limits = [...approval.limits].map(([currency, limit]) => `${formatMoney(limit)} ${currency}`).join(', ')
    return [ok('refund-approval', `refunds wait for a person above ${limits}; other currencies have no limit`)]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => failed('refund-approval', problem, 'Correct the variable.'))
  }
}
