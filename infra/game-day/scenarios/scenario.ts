import { sendWebhook, type Arena } from '../arena.ts'

/** What breaks a part, and what repairs it. */
export interface Breakage {
  break(arena: Arena): Promise<void>
  repair(arena: Arena): Promise<void>
}

/** A part that is broken, until its alert arrives. */
export interface Scenario extends Breakage {
  readonly what: string
  readonly alert: string
  readonly severity: 'page' | 'ticket'
  /** Words of the alert's entry in the runbook, and what they say to do. */
  readonly runbook: string
}

const PACE_MS = 50

/** Breaks by doing something over and over, until it is repaired. */
export function repeating(work: (arena: Arena, index: number) => Promise<unknown>): Breakage {
  let [timer, index]: [NodeJS.Timeout | undefined, number] = [undefined, 0]
  return {
    async break(arena) {
      timer = setInterval(() => void work(arena, index++).catch(() => undefined), PACE_MS)
    },
    async repair() {
      clearInterval(timer)
    },
  }
}

/** Does both, and repairs in the other order. */
export const together = (one: Breakage, other: Breakage): Breakage => ({
  async break(arena) {
    await one.break(arena)
    await other.break(arena)
  },
  async repair(arena) {
    await other.repair(arena)
    await one.repair(arena)
  },
})

export const ingestOf = (arena: Arena): string => arena.ingests[0]!.process!.url
export const gatewayOf = (arena: Arena): string => arena.gateways[0]!.process!.url

/** A webhook of the first order that the traffic has registered. */
export const sendUpdate = (arena: Arena): Promise<number> =>
  sendWebhook(ingestOf(arena), JSON.stringify({ order_id: 'T-0', status: 'In progress' }))
