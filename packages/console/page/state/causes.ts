import type { RejectedRequestView } from '@paxyo/panel-client'

/** Rejected requests with the same cause. */
export interface Cause {
  readonly key: string
  readonly provider: string
  readonly reason: string
  readonly requests: readonly RejectedRequestView[]
  /** How often they were received. */
  readonly count: number
  readonly lastReceivedAt: string
}

/** Groups rejected requests by provider and reason; the cause that was received most comes first. */
export function causesOf(requests: readonly RejectedRequestView[]): readonly Cause[] {
  const groups = Map.groupBy(requests, ({ provider, reason }) => `${provider} ${reason}`)
  return [...groups]
    .map(([key, group]) => ({
      key,
      provider: group[0]!.provider,
      reason: group[0]!.reason,
      requests: group,
      count: group.reduce((sum, { count }) => sum + count, 0),
      lastReceivedAt: group
        .map(({ lastReceivedAt }) => lastReceivedAt)
        .toSorted()
        .at(-1)!,
    }))
    .toSorted((one, other) => other.count - one.count)
}
