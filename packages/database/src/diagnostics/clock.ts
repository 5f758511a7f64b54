import { fromSentences, type Diagnostic } from './diagnostic.ts'
import { DATABASE_SENTENCES } from './sentences.ts'

/** Beyond this, the logs of two machines are hard to correlate. */
const WARNING_MS = 2_000
/** Tokens are valid for minutes, signatures for five: half a minute of difference is tolerable. */
const FAILED_MS = 30_000

/** When a request was sent and its response received, by the local clock, and the server's time in between; all in ms. */
export interface ClockReading {
  readonly sentAtMs: number
  readonly receivedAtMs: number
  readonly serverMs: number
}

/** Of any server. */
const found = fromSentences(DATABASE_SENTENCES)

/**
 * Compares the local clock with that of a server.
 *
 * @example
 * diagnoseClock('postgres-clock', 'PostgreSQL', { sentAtMs: 1_000, receivedAtMs: 1_010, serverMs: 1_005 }).status //=> 'ok'
 * diagnoseClock('postgres-clock', 'PostgreSQL', { sentAtMs: 0, receivedAtMs: 10, serverMs: 60_000 }).status //=> 'failed'
 */
export function diagnoseClock(
  check: string,
  server: string,
  { sentAtMs, receivedAtMs, serverMs }: ClockReading,
): Diagnostic {
  // Any server time between the two counts as equal.
  const aheadMs = serverMs < sentAtMs ? sentAtMs - serverMs : Math.min(0, receivedAtMs - serverMs)
  const differenceMs = Math.abs(aheadMs)
  if (differenceMs <= WARNING_MS)
    return found('ok', check, 'clock_agrees', { ms: Math.max(1, Math.round(differenceMs)) })
  const values = { difference: describe(differenceMs), server }
  return found(
    differenceMs > FAILED_MS ? 'failed' : 'warning',
    check,
    aheadMs > 0 ? 'clock_ahead' : 'clock_behind',
    values,
  )
}

function describe(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
