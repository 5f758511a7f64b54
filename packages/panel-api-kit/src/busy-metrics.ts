import type { MetricGroup } from '@paxyo/service-kit'
import type { BusyRejection } from './concurrency.ts'

/**
 * Counts the requests that are rejected because too many wait.
 *
 * @returns to be called for each.
 * @example
 * const group = createMetricGroup('shop_')
 * const countRejection = addBusyMetrics(group)
 * countRejection({ access: 'write', reason: 'subject' })
 * const registry = createMetrics('my-shop')
 * group.register(registry)
 * (await registry.getSingleMetricAsString('shop_api_queue_full_total')).includes('reason="subject"') //=> true
 */
export function addBusyMetrics(group: MetricGroup): (rejection: BusyRejection) => void {
  const rejections = group.counter(
    'api_queue_full_total',
    'Requests to the panel API that were rejected because too many wait, by what was full.',
    ['access', 'reason'],
  )
  return (rejection) => rejections.inc({ ...rejection })
}
