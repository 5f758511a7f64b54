import { setTimeout as sleep } from 'node:timers/promises'
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
  /** How many inputs are sent in a second; by default as many as the services take. */
  readonly perSecondMax?: number | undefined
  /** Stops the attack before all inputs are sent. */
  readonly isOver?: (() => boolean) | undefined
}

const VIOLATIONS_MAX = 20

/** Collects the outcomes of an attack. */
export interface Tally {
  count(outcome: string): void
  violated(violation: string): void
  result(): AttackResult
}

export function createTally(attack: string): Tally {
  const outcomes: Record<string, number> = {}
  const violations: string[] = []
  let inputs = 0
  return {
    count(outcome) {
      inputs += 1
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    },
    violated(violation) {
      if (violations.length < VIOLATIONS_MAX) violations.push(violation)
    },
    result: () => ({ attack, inputs, outcomes, violations }),
  }
}

/** Makes one attempt for each input, a few at a time, until the time is over. */
export async function repeatAttempt(
  attack: string,
  concurrentMax: number,
  { inputs, perSecondMax, isOver }: AttackOptions,
  attempt: (tally: Tally) => Promise<void>,
): Promise<AttackResult> {
  const tally = createTally(attack)
  await inParallel(inputs, concurrentMax, () => attempt(tally), { perSecondMax, isOver })
  return tally.result()
}

/** Runs `work` for 0 to `count` - 1, a few at a time, at a rate: one that is late does not make the others late. */
export async function inParallel(
  count: number,
  concurrentMax: number,
  work: (index: number) => Promise<void>,
  { perSecondMax = Infinity, isOver = () => false }: Pick<AttackOptions, 'perSecondMax' | 'isOver'> = {},
): Promise<void> {
  const startedAt = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count && !isOver()) {
      const index = next++
      const waitMs = startedAt + (index / perSecondMax) * 1_000 - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      await work(index)
    }
  }
  await Promise.all(Array.from({ length: concurrentMax }, worker))
}
