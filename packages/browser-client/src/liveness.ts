import { checkLink, DEATH_LOOKS_MS, SUSPECT_LOOKS_MS } from './link-check.ts'
import type { Timers } from './timers.ts'

export interface LivenessDeps {
  readonly timers: Timers<'link' | 'check'>
  /**
   * Sends something to which the server responds.
   *
   * @param silentMs how long nothing was received.
   * @returns false when there is nothing to send, or no need to.
   */
  readonly ask: (silentMs: number) => boolean
  /** The server has not responded soon, or has responded after all. */
  readonly onSuspect: (isSuspect: boolean) => void
  readonly onDead: () => void
}

/** Notices that the current link is dead, although it is open. */
export interface Liveness {
  /** The server sends something at least this often from now on. */
  begin(intervalMs: number): void
  received(): void
  /** Looks now, because a timer may be late. */
  look(): void
  /** Asks the server for a sign of life. A dead link is suspect within a second, and lost within 3. */
  check(): void
  end(): void
}

const SLACK_MS = 5_000

export function createLiveness({ timers, ask, onSuspect, onDead }: LivenessDeps): Liveness {
  let lastReceivedAtMs = 0
  let suspectedAtMs: number | undefined
  let silenceMsMax = 0
  let isSuspect = false

  function suspect(next: boolean): void {
    if (next === isSuspect) return
    isSuspect = next
    onSuspect(next)
  }

  /** Looks several times: a look itself may be late, and run before messages that wait to be read. */
  function lookAfter(delaysMs: readonly number[], onSilent: () => void): void {
    const [delayMs, ...rest] = delaysMs
    if (delayMs === undefined) return onSilent()
    timers.set('check', Date.now() + delayMs, () => lookAfter(rest, onSilent))
  }

  function checkSilence(): void {
    const nowMs = Date.now()
    const judged = checkLink({ lastReceivedAtMs, silenceMsMax, suspectedAtMs }, nowMs)
    if (judged.verdict === 'dead') return onDead()
    if (judged.verdict === 'suspect') suspectedAtMs ??= nowMs
    timers.set('link', nowMs + judged.checkInMs, checkSilence)
  }

  return {
    begin(intervalMs) {
      silenceMsMax = 2 * intervalMs + SLACK_MS
      checkSilence()
    },
    received() {
      lastReceivedAtMs = Date.now()
      suspectedAtMs = undefined
      timers.clear('check')
      suspect(false)
    },
    look() {
      if (timers.dueAtMs('link') !== undefined) checkSilence()
    },
    check() {
      if (timers.dueAtMs('check') !== undefined || !ask(Date.now() - lastReceivedAtMs)) return
      lookAfter(SUSPECT_LOOKS_MS, () => {
        suspect(true)
        lookAfter(DEATH_LOOKS_MS, onDead)
      })
    },
    end() {
      timers.clear('link')
      timers.clear('check')
      isSuspect = false
    },
  }
}
