import { eventually } from '@paxyo/testkit'
import { WebSocket } from 'ws'
import { DASHBOARDS } from '../../observability/dashboards.ts'
import type { Stack } from './stack.ts'
import { sendSigned } from './workload.ts'

const READY_TIMEOUT_MS = 60_000
/** A new series is in a response after two scrapes, which are 15 s apart. */
const RESPONSE_TIMEOUT_MS = 60_000
/** Replaces Grafana's `$__rate_interval`; longer, because some events occur only once. */
const RATE_INTERVAL = '15m'
/** Two of each service, and HAProxy. */
const TARGETS = 5
const TARGETS_UP = 'up{job=~"webhook-ingest|ws-gateway|haproxy"} == 1'

/** Starts Prometheus with its production configuration. */
export async function startPrometheus(stack: Stack): Promise<void> {
  await stack.compose('--profile', 'observability', 'up', '--detach', '--no-recreate', '--no-deps', 'prometheus')
  await eventually(async () => (await queryPrometheus(stack, TARGETS_UP)).length === TARGETS, READY_TIMEOUT_MS)
}

/**
 * Causes the rare events that the dashboards show: a review and a rejected handshake.
 *
 * @param canceledOrder the provider's id of an order that was fully refunded.
 */
export async function causeRareEvents(stack: Stack, canceledOrder: string): Promise<void> {
  await sendSigned(stack, JSON.stringify({ order_id: canceledOrder, status: 'Completed' }), 'contradiction')
  const stranger = new WebSocket(`${stack.url.replace('https', 'wss')}/ws`, {
    ca: stack.ca,
    origin: 'https://somebody-else.example.com',
  })
  await new Promise<void>((resolve) => stranger.once('error', () => resolve()))
}

/** @returns the queries of the dashboards without data, and the alerts whose rules cannot be evaluated. */
export async function checkDashboards(stack: Stack): Promise<string[]> {
  let withoutData = DASHBOARDS.flatMap(({ uid, graphs }) =>
    graphs.flatMap(({ title, lines }) => lines.map(([expr]) => ({ name: `${uid}: ${title}`, expr }))),
  )
  const queryAll = async (): Promise<boolean> => {
    const still = []
    for (const query of withoutData) {
      const series = await queryPrometheus(stack, query.expr.replaceAll('$__rate_interval', RATE_INTERVAL))
      if (series.length === 0) still.push(query)
    }
    withoutData = still
    return withoutData.length === 0
  }
  await eventually(queryAll, RESPONSE_TIMEOUT_MS).catch(() => undefined)
  const failures = await queryPrometheus(stack, 'prometheus_rule_evaluation_failures_total > 0')
  return [
    ...withoutData.map(({ name, expr }) => `a dashboard has no data in ${name}: ${expr}`),
    ...failures.map((line) => `an alert cannot be evaluated: ${line}`),
  ]
}

/** @returns a line for each series. */
async function queryPrometheus(stack: Stack, expr: string): Promise<string[]> {
  const query = ['promtool', 'query', 'instant', 'http://127.0.0.1:9090', expr]
  const output = await stack.compose('exec', '-T', 'prometheus', ...query).catch(() => '')
  return output.split('\n').filter((line) => line !== '')
}
