import type { Arena } from './arena.ts'
import type { Monitoring } from './monitoring.ts'
import type { Outcome } from './report.ts'
import { quotes } from './runbook.ts'
import type { Scenario } from './scenarios/scenario.ts'

interface PlayerOptions {
  readonly arena: Arena
  readonly monitoring: Monitoring
  /** Its entries by their alert. */
  readonly runbook: ReadonlyMap<string, string>
  /** How long an alert may take to fire, and to end. */
  readonly timeoutMs: number
  readonly log: (line: string) => void
}

/** Breaks a part, waits for its alert, repairs the part, and waits for the alert's end. */
export function createPlayer({ arena, monitoring, runbook, timeoutMs, log }: PlayerOptions) {
  return async (scenario: Scenario): Promise<Outcome> => {
    const { what, alert, severity } = scenario
    const isWatchdog = severity === 'watchdog'
    // What others cause on a busy machine must be over.
    await monitoring.ends(undefined, timeoutMs).catch(() => log('other alerts still fire'))
    if (!isWatchdog) await monitoring.ends(alert, timeoutMs).catch(() => log(`${alert} fires already`))
    log(`${what}: waiting for ${alert}`)
    const brokenAtMs = Date.now()
    let [firedMs, endedMs, problem]: [number?, number?, string?] = []
    try {
      if (!quotes(runbook.get(alert), scenario.runbook))
        throw new Error(`the runbook does not say "${scenario.runbook}"`)
      await scenario.break(arena, monitoring)
      await (isWatchdog ? monitoring.isSilent(timeoutMs) : monitoring.fires(alert, timeoutMs))
      firedMs = Date.now() - brokenAtMs
      const receivers = monitoring.receiversOf(alert)
      if (receivers.some((one) => one !== severity)) throw new Error(`it was sent to ${receivers.join(', ')}`)
    } catch (error) {
      problem = (error as Error).message
    }
    const repairedAtMs = Date.now()
    try {
      await scenario.repair(arena, monitoring)
      if (firedMs !== undefined) {
        await (isWatchdog ? monitoring.isReceiving(timeoutMs) : monitoring.ends(alert, timeoutMs))
        endedMs = Date.now() - repairedAtMs
      }
      await scenario.cleanUp?.(arena, monitoring)
    } catch (error) {
      problem ??= (error as Error).message
    }
    log(`${alert}: ${problem ?? `fired after ${firedMs} ms, ended ${endedMs} ms after the repair`}`)
    return { what, alert, severity, runbook: scenario.runbook, firedMs, endedMs, problem }
  }
}
