/** The four times of one request: `sent` and `received` by the page's clock, the others by the server's. */
export interface Exchange {
  readonly sentMs: number
  readonly requestedMs: number
  readonly respondedMs: number
  readonly receivedMs: number
}

/** How far the server's clock is ahead, and by how much that may be wrong. */
export interface ClockOffset {
  readonly offsetMs: number
  readonly errorMs: number
}

/** As NTP computes it: the error is half of the time that the request was on its way. */
export function clockOffset({ sentMs, requestedMs, respondedMs, receivedMs }: Exchange): ClockOffset {
  const onTheWayMs = receivedMs - sentMs - (respondedMs - requestedMs)
  return {
    offsetMs: (requestedMs - sentMs + (respondedMs - receivedMs)) / 2,
    errorMs: Math.max(0, onTheWayMs) / 2,
  }
}

/** The better of two measurements of the same clocks. */
export const moreExact = (one: ClockOffset | undefined, other: ClockOffset): ClockOffset =>
  one === undefined || other.errorMs < one.errorMs ? other : one
