import type { Registered, RegistrationRejection } from './register-orders.ts'
import type { Registration } from './registration.ts'

/** The ids of orders by what their registration came to: `registered`, `unchanged`, or the code of the error. */
export type RegistrationOutcomes = Readonly<Record<string, readonly string[]>>

/**
 * @param results of each registration, in their order.
 * @example
 * outcomesOf([order], ['insufficient_funds']) //=> { insufficient_funds: ['A-1'] }
 */
export function outcomesOf(
  registrations: readonly Pick<Registration, 'orderId'>[],
  results: readonly (Registered | RegistrationRejection)[],
): RegistrationOutcomes {
  const outcomes: Record<string, string[]> = {}
  for (const [index, result] of results.entries()) {
    const outcome = typeof result === 'string' ? result : result.isNew ? 'registered' : 'unchanged'
    const ids = (outcomes[outcome] ??= [])
    ids.push(registrations[index]!.orderId)
  }
  return outcomes
}
