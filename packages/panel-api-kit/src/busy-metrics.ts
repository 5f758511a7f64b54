import type { MetricGroup } from '@paxyo/service-kit'
import { ACCESSES, REASONS, type BusyRejection } from './concurrency.ts'

/** The owner of a queue; passwords of the console are hashed one after the other. */
const BUSY_DOORS = ['panel_api', 'console', 'console_password'] as const
export type BusyDoor = (typeof BUSY_DOORS)[number]

/**
 * Counts the requests that are rejected because too many wait.
 *
 * @returns to be called for each.
 * @example
 * const group = createMetricGroup('shop_')
 * const countRejection = addBusyMetrics(group)
 * countRejection('panel_api', { access: 'write', reason: 'subject' })
 * const registry = createMetrics('my-shop')
 * group.register(registry)
 * const { values } = await registry.getSingleMetric('shop_api_queue_full_total')!.get()
 * values.filter(({ value }) => value > 0).map(({ labels }) => labels.reason) //=> ['subject']
 */
export function addBusyMetrics(group: MetricGroup): (door: BusyDoor, rejection: BusyRejection) => void {
  const rejections = group.counter(
    'api_queue_full_total',
    'Requests to the panel API and the console that were rejected because too many wait, by what was full.',
    ['door', 'access', 'reason'],
  )
  // A series that does not exist yet would begin with its first rejections.
  for (const door of BUSY_DOORS) {
    for (const access of ACCESSES) for (const reason of REASONS) rejections.inc({ door, access, reason }, 0)
  }
  return (door, rejection) => rejections.inc({ door, ...rejection })
}
