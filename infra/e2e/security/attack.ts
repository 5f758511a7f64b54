import type { Random } from '../../chaos/random.ts'

/** Both services, with valid credentials of the panel and the provider. */
export interface Target {
  readonly ingestUrl: string
  readonly gatewayUrl: string
  readonly panelKey: string
  readonly webhookToken: string
}

/** The result of one attack. */
export interface AttackResult {
  readonly attack: string
  /** Requests, frames or tokens that were sent. */
  readonly inputs: number
  /** How often each outcome was seen: a status code, a close code, or that the connection was closed. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Empty when the attack has failed. */
  readonly violations: readonly string[]
}

export interface AttackOptions {
  readonly target: Target
  readonly random: Random
  readonly inputs: number
  /** Stops the attack before all inputs are sent. */
  readonly isOver?: () => boolean
}

const VIOLATIONS_MAX = 20

/** Collects the outcomes of an attack. */
export function createTally(attack: string) {
  const outcomes: Record<string, number> = {}
  const violations: string[] = []
  let inputs = 0
  return {
    count(outcome: string): void {
      inputs += 1
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    },
    violated(violation: string): void {
      if (violations.length < VIOLATIONS_MAX) violations.push(violation)
    },
    result: (): AttackResult => ({ attack, inputs, outcomes, violations }),
  }
}

/** Adds up the results of each attack. */
export function sumResults(results: readonly AttackResult[]): AttackResult[] {
  const sums = new Map<string, AttackResult>()
  for (const { attack, inputs, outcomes, violations } of results) {
    const before = sums.get(attack) ?? { attack, inputs: 0, outcomes: {}, violations: [] }
    const added = Object.entries(outcomes).map(([name, count]) => [name, count + (before.outcomes[name] ?? 0)])
    sums.set(attack, {
      attack,
      inputs: before.inputs + inputs,
      outcomes: { ...before.outcomes, ...(Object.fromEntries(added) as Record<string, number>) },
      violations: [...before.violations, ...violations].slice(0, VIOLATIONS_MAX),
    })
  }
  return [...sums.values()]
}

/** Runs `work` for 0 to `count` - 1, a few at a time. */
export async function inParallel(
  count: number,
  concurrentMax: number,
  work: (index: number) => Promise<void>,
  isOver: () => boolean = () => false,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count && !isOver()) await work(next++)
  }
  await Promise.all(Array.from({ length: concurrentMax }, worker))
}
