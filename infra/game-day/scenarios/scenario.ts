import type { Arena } from '../arena.ts'
import type { Monitoring } from '../monitoring.ts'
import { sendStatus } from '../traffic.ts'

/** What breaks a part, and what repairs it. */
export interface Breakage {
  break(arena: Arena, monitoring: Monitoring): Promise<void>
  repair(arena: Arena, monitoring: Monitoring): Promise<void>
  /** Undoes, after the alert has ended, what is left. */
  cleanUp?(arena: Arena, monitoring: Monitoring): Promise<void>
}

/** A part that is broken, until its alert arrives. */
export interface Scenario extends Breakage {
  readonly what: string
  readonly alert: string
  /** That of the watchdog counts as fired when its receiver has received nothing for too long. */
  readonly severity: 'page' | 'ticket' | 'watchdog'
  /** Words of the alert's entry in the runbook, and what they say to do. */
  readonly runbook: string
}

const PACE_MS = 50

/** Breaks by doing something over and over, until it is repaired. */
export function repeating(work: (arena: Arena, index: number) => Promise<unknown>, paceMs = PACE_MS): Breakage {
  let [timer, index]: [NodeJS.Timeout | undefined, number] = [undefined, 0]
  // A process that is being restarted has no address.
  const once = async (arena: Arena): Promise<unknown> => work(arena, index++)
  return {
    async break(arena) {
      timer = setInterval(() => void once(arena).catch(() => undefined), paceMs)
    },
    async repair() {
      clearInterval(timer)
    },
  }
}

/** Does both, and repairs in the other order. */
export const together = (one: Breakage, other: Breakage): Breakage => ({
  async break(...system) {
    await one.break(...system)
    await other.break(...system)
  },
  async repair(...system) {
    await other.repair(...system)
    await one.repair(...system)
  },
})

/** Breaks under a load that goes on until the alert has ended. */
export const under = (load: Breakage, breakage: Breakage): Breakage => ({
  async break(...system) {
    await load.break(...system)
    await breakage.break(...system)
  },
  repair: (...system) => breakage.repair(...system),
  cleanUp: (...system) => load.repair(...system),
})

export const ingestOf = (arena: Arena): string => arena.ingests[0]!.process!.url
export const gatewayOf = (arena: Arena): string => arena.gateways[0]!.process!.url

/** A webhook of the first order that the traffic has registered. */
export const sendUpdate = (arena: Arena): Promise<number> => sendStatus(ingestOf(arena), 'T-0', 'In progress')
