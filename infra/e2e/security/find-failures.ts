import type { AttackResult } from './attack.ts'
import type { ObservedService } from './attacked-system.ts'
import type { Noticed } from './bystander.ts'

/** What a run has observed. */
export interface Observations {
  readonly attacks: readonly AttackResult[]
  /** Noticed at the same time by the client of a system on the same machine without an attack. */
  readonly quiet: Noticed
  readonly underAttack: Noticed
  readonly services: readonly ObservedService[]
  readonly ledgerViolations: Readonly<Record<string, readonly string[]>>
}

/** Another client may have to wait up to this many times as long. */
const SLOWDOWN_MAX = 2
/** This share of its requests may fail: a page that is disconnected reconnects, and a request with 503 is retried. */
const FAILED_MAX = 0.01

/** Everything that must not have happened, in words; empty when the system has held. */
export function findFailures({ attacks, quiet, underAttack, services, ledgerViolations }: Observations): string[] {
  const times = ['ingestMsP99', 'gatewayMsP99', 'eventMsP99'] as const
  return [
    ...attacks.flatMap(({ attack, violations }) => violations.map((violation) => `${attack}: ${violation}`)),
    ...services.filter(({ hasEnded }) => hasEnded).map(({ url }) => `${url} has crashed`),
    ...services.filter(({ hasEnded, ready }) => !hasEnded && ready !== 200).map(({ url }) => `${url} is not ready`),
    ...Object.entries(ledgerViolations).map(([check, subjects]) => `${check}: ${subjects.join(', ')}`),
    ...(underAttack.failures > FAILED_MAX * underAttack.samples
      ? [`${underAttack.failures} requests of another client failed, in ${underAttack.samples} rounds`]
      : []),
    ...times
      .filter((time) => underAttack[time] >= SLOWDOWN_MAX * Math.max(quiet[time], 1))
      .map((time) => `${time} is ${underAttack[time]} ms, and ${quiet[time]} ms at a system without an attack`),
  ]
}
