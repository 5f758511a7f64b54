import type { DaySummary } from '@paxyo/panel-client'
import { get } from '../data/api.ts'
import { refundsPaid } from '../data/changes.ts'
import { useResource, type Resource } from '../data/resource.ts'
import { lastDays } from '../state/days.ts'

/** The sums of each of the last days, in the browser's time zone. */
export function useDays(count: number): Resource<DaySummary> {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const days = lastDays(count, new Date(), timeZone)
  return useResource(
    `days ${days[0]} ${days.at(-1)}`,
    (signal) => get<DaySummary>('/v1/summary/days', { fromDay: days[0], toDay: days.at(-1), timeZone }, signal),
    refundsPaid,
  )
}
