import type { Random } from '../../chaos/random.ts'

/** What is attacked: both services, with credentials for what must go on. */
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
  /** What must not happen, and did. Empty when the attack has failed. */
  readonly findings: readonly string[]
}

export interface AttackOptions {
  readonly target: Target
  readonly random: Random
  readonly inputs: number
  /** Stops the attack before all inputs are sent. */
  readonly isOver?: () => boolean
}

const FINDINGS_MAX = 20

/** Collects the outcomes of an attack. */
export function createTally(attack: string) {
  const outcomes: Record<string, number> = {}
  const findings: string[] = []
  let inputs = 0
  return {
    count(outcome: string): void {
      inputs += 1
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    },
    find(finding: string): void {
      if (findings.length < FINDINGS_MAX) findings.push(finding)
    },
    result: (): AttackResult => ({ attack, inputs, outcomes, findings }),
  }
}

/** Adds up the results of each attack. */
export function sumResults(results: readonly AttackResult[]): AttackResult[] {
  const sums = new Map<string, AttackResult>()
  for (const { attack, inputs, outcomes, findings } of results) {
    const before = sums.get(attack) ?? { attack, inputs: 0, outcomes: {}, findings: [] }
    const added = Object.entries(outcomes).map(([name, count]) => [name, count + (before.outcomes[name] ?? 0)])
    sums.set(attack, {
      attack,
      inputs: before.inputs + inputs,
      outcomes: { ...before.outcomes, ...(Object.fromEntries(added) as Record<string, number>) },
      findings: [...before.findings, ...findings].slice(0, FINDINGS_MAX),
    })
  }
  return [...sums.values()]
}

/** Runs `work` for 0 to `count` - 1, a few at a time. */
export async function inParallel(
  count: number,
  lanes: number,
  work: (index: number) => Promise<void>,
  isOver: () => boolean = () => false,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count && !isOver()) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
