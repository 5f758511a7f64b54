import { checkLink, CHECK_RESPONSE_MS, CHECK_SECOND_LOOK_MS } from './link-check.ts'
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
  readonly onDead: () => void
}

/** Notices that the current link is dead, although it is open. */
export interface Liveness {
  /** The server sends something at least this often from now on. */
  begin(intervalMs: number): void
  received(): void
  /** Looks now, because a timer may be late. */
  look(): void
  /** Asks the server for a sign of life. A dead link is lost within 3 seconds. */
  check(): void
  end(): void
}

const SLACK_MS = 5_000

export function createLiveness({ timers, ask, onDead }: LivenessDeps): Liveness {
  let lastReceivedAtMs = 0
  let suspectedAtMs: number | undefined
  let silenceMsMax = 0

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
    },
    look() {
      if (timers.dueAtMs('link') !== undefined) checkSilence()
    },
    /** Looks twice for a response, as `checkLink` does, but sooner. */
    check() {
      if (timers.dueAtMs('check') !== undefined || !ask(Date.now() - lastReceivedAtMs)) return
      const lookAgain = (): void => timers.set('check', Date.now() + CHECK_SECOND_LOOK_MS, onDead)
      timers.set('check', Date.now() + CHECK_RESPONSE_MS, lookAgain)
    },
    end() {
      timers.clear('link')
      timers.clear('check')
    },
  }
}
