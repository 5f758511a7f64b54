import { eventually } from '@paxyo/testkit'
import { WebSocket } from 'ws'
import { DASHBOARDS } from '../../observability/dashboards.ts'
import type { Stack } from './stack.ts'
import { sendSigned } from './workload.ts'

const READY_TIMEOUT_MS = 60_000
/** What is there from now on is in an answer after two scrapes, of which there is one in 15 s. */
const RESPONSE_TIMEOUT_MS = 60_000
/** What Grafana puts in for `$__rate_interval`, or more: some things were done once. */
const RATE_INTERVAL = '15m'
/** Two of each service, and HAProxy. */
const TARGETS = 5

/** Starts Prometheus beside the services, with the configuration that it has in production. */
export async function startPrometheus(stack: Stack): Promise<void> {
  await stack.compose('--profile', 'observability', 'up', '--detach', '--no-recreate', '--no-deps', 'prometheus')
  await eventually(async () => (await ask(stack, 'up == 1')).length === TARGETS, READY_TIMEOUT_MS)
}

/**
 * Does what a dashboard shows and a quiet day has none of.
 *
 * @param canceledOrder an order at the provider whose charge was given back.
 */
export async function doRareThings(stack: Stack, canceledOrder: string): Promise<void> {
  await sendSigned(stack, JSON.stringify({ order_id: canceledOrder, status: 'Completed' }), 'contradiction')
  const stranger = new WebSocket(`${stack.url.replace('https', 'wss')}/ws`, {
    ca: stack.ca,
    origin: 'https://somebody-else.example.com',
  })
  await new Promise<void>((resolve) => stranger.once('error', () => resolve()))
}

/** @returns every question of the dashboards that has no answer, and the alerts whose rules cannot be evaluated. */
export async function checkDashboards(stack: Stack): Promise<string[]> {
  let unanswered = DASHBOARDS.flatMap(({ uid, graphs }) =>
    graphs.flatMap(({ title, lines }) => lines.map(([expr]) => ({ name: `${uid}: ${title}`, expr }))),
  )
  const askAll = async (): Promise<boolean> => {
    const still = []
    for (const question of unanswered) {
      const answer = await ask(stack, question.expr.replaceAll('$__rate_interval', RATE_INTERVAL))
      if (answer.length === 0) still.push(question)
    }
    unanswered = still
    return unanswered.length === 0
  }
  await eventually(askAll, RESPONSE_TIMEOUT_MS).catch(() => undefined)
  const failures = await ask(stack, 'prometheus_rule_evaluation_failures_total > 0')
  return [
    ...unanswered.map(({ name, expr }) => `a dashboard has no data in ${name}: ${expr}`),
    ...failures.map((line) => `an alert cannot be evaluated: ${line}`),
  ]
}

/** @returns a line for each series. */
async function ask(stack: Stack, expr: string): Promise<string[]> {
  const query = ['promtool', 'query', 'instant', 'http://127.0.0.1:9090', expr]
  const output = await stack.compose('exec', '-T', 'prometheus', ...query).catch(() => '')
  return output.split('\n').filter((line) => line !== '')
}
