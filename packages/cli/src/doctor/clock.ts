import { failed, ok, warning, type Finding } from './finding.ts'

/** Beyond this logs of two machines are hard to read together. */
const WARNING_MS = 2_000
/** Tokens live for minutes, and signatures are good for five: half a minute of that is ours to lose. */
const FAILED_MS = 30_000

/** When a question was sent and its answer came, by our clock, and what the server's clock said in between; all in ms. */
export interface ClockReading {
  readonly sentAtMs: number
  readonly answeredAtMs: number
  readonly serverMs: number
}

export function clockFinding(
  check: string,
  server: string,
  { sentAtMs, answeredAtMs, serverMs }: ClockReading,
): Finding {
  // Anywhere between the two is as good as the same time.
  const aheadMs = serverMs < sentAtMs ? sentAtMs - serverMs : Math.min(0, answeredAtMs - serverMs)
  const differenceMs = Math.abs(aheadMs)
  if (differenceMs <= WARNING_MS)
    return ok(check, `agrees with ours within ${Math.max(1, Math.round(differenceMs))} ms`)
  const way = aheadMs > 0 ? 'ahead of' : 'behind'
  const message = `our clock is ${describe(differenceMs)} ${way} that of ${server}`
  const hint = 'Keep all machines on NTP (timedatectl set-ntp true); tokens and signatures are refused otherwise.'
  return differenceMs > FAILED_MS ? failed(check, message, hint) : warning(check, message, hint)
}

function describe(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
