import { errorBudget, errorRatio, SLOS } from './slo.ts'

/** A graph: its Prometheus queries, and the legend of each line. */
interface Graph {
  readonly title: string
  readonly description?: string
  readonly unit: string
  readonly lines: readonly (readonly [expr: string, legend: string])[]
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly graphs: readonly Graph[]
}

const quantile = (q: number, metric: string): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket[$__rate_interval])))`
const quantiles = (metric: string): (readonly [string, string])[] => [
  [quantile(0.5, metric), 'half'],
  [quantile(0.99, metric), '99 %'],
  [quantile(0.999, metric), '99.9 %'],
]
const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}[$__rate_interval]))`
const EVENT_LOOP: Graph = {
  title: 'Event-loop lag',
  description: 'The delay of all work in a process.',
  unit: 's',
  lines: [['nodejs_eventloop_lag_p99_seconds', '{{job}} {{instance}}']],
}

/** The dashboards for operators, from the money to the machine. */
export const DASHBOARDS: readonly Dashboard[] = [
  {
    uid: 'paxyo-overview',
    title: 'Paxyo: from the provider to the page',
    graphs: [
      { title: 'Processes', unit: 'short', lines: [['sum by (job) (up)', '{{job}}']] },
      {
        title: 'Webhooks by response',
        unit: 'reqps',
        lines: [[rate('paxyo_ingest_webhook_duration_seconds_count', 'status'), '{{status}}']],
      },
      {
        title: 'Refunded money in an hour',
        unit: 'short',
        lines: [['sum by (currency) (increase(paxyo_ingest_refunded_money_total[1h]))', '{{currency}}']],
      },
      {
        title: 'From commit to socket',
        description: 'By the clocks of PostgreSQL and the gateway.',
        unit: 's',
        lines: quantiles('paxyo_gateway_event_latency_seconds'),
      },
      { title: 'Connections', unit: 'short', lines: [['sum(paxyo_gateway_connections)', 'all']] },
      {
        title: 'Waiting for a person',
        unit: 'short',
        lines: [
          ['max by (reason) (paxyo_ingest_open_reviews)', 'review: {{reason}}'],
          ['max(paxyo_ingest_parked_deliveries)', 'parked'],
          ['max(paxyo_ingest_unverified_deliveries)', 'unverified'],
        ],
      },
    ],
  },
  {
    uid: 'paxyo-slo',
    title: 'Paxyo: service level objectives',
    graphs: SLOS.flatMap((slo): Graph[] => [
      {
        title: `${slo.name}: error budget left over 30 days`,
        description: 'Below 0 the objective is missed.',
        unit: 'percentunit',
        lines: [
          [
            `1 - (${slo.total('30d')} - (${slo.good('30d')} or vector(0))) / ${slo.total('30d')} / ${errorBudget(slo)}`,
            'left',
          ],
        ],
      },
      {
        title: `${slo.name}: burn rate`,
        description: '1 uses up the error budget of 30 days in 30 days.',
        unit: 'short',
        lines: ['5m', '1h', '6h', '3d'].map(
          (range) => [`${errorRatio(slo, range)} / ${errorBudget(slo)}`, range] as const,
        ),
      },
    ]),
  },
  {
    uid: 'paxyo-ingest',
    title: 'Paxyo: webhook-ingest',
    graphs: [
      {
        title: 'Updates by outcome',
        unit: 'short',
        lines: [[rate('paxyo_ingest_deliveries_total', 'outcome'), '{{outcome}}']],
      },
      {
        title: 'From a webhook to its response',
        unit: 's',
        lines: quantiles('paxyo_ingest_webhook_duration_seconds'),
      },
      { title: 'Commit', unit: 's', lines: quantiles('paxyo_ingest_commit_duration_seconds') },
      {
        title: 'Deliveries in a batch',
        unit: 'short',
        lines: [
          [quantile(0.5, 'paxyo_ingest_batch_deliveries'), 'half'],
          [quantile(0.99, 'paxyo_ingest_batch_deliveries'), '99 %'],
        ],
      },
      {
        title: 'Waiting in the process',
        unit: 'short',
        lines: [
          ['paxyo_ingest_waiting_deliveries', 'deliveries {{instance}}'],
          ['paxyo_ingest_database_waiting', 'for a connection {{instance}}'],
          ['paxyo_ingest_lock_waits', 'for a locked account {{instance}}'],
        ],
      },
      {
        title: 'API requests rejected, too many wait',
        unit: 'short',
        lines: [[rate('paxyo_ingest_api_queue_full_total', 'door, reason'), '{{door}}: {{reason}}']],
      },
      {
        title: 'Refunds',
        unit: 'short',
        lines: [[rate('paxyo_ingest_refunds_total', 'currency'), '{{currency}}']],
      },
      {
        title: 'Orders registered, events committed',
        unit: 'short',
        lines: [
          ['sum(rate(paxyo_ingest_orders_registered_total[$__rate_interval]))', 'orders'],
          ['sum(rate(paxyo_ingest_events_total[$__rate_interval]))', 'events'],
        ],
      },
      {
        title: 'Reviews opened',
        unit: 'short',
        lines: [[rate('paxyo_ingest_reviews_opened_total', 'reason'), '{{reason}}']],
      },
      { title: 'Publish to Redis', unit: 's', lines: quantiles('paxyo_ingest_publish_duration_seconds') },
      {
        title: 'Outbox',
        unit: 'short',
        lines: [
          ['max(paxyo_ingest_outbox_batches)', 'batches'],
          ['sum(rate(paxyo_ingest_publish_failures_total[$__rate_interval]))', 'failures a second'],
        ],
      },
      {
        title: 'Age of the oldest waiting item',
        unit: 's',
        lines: [
          ['max(paxyo_ingest_outbox_age_seconds)', 'outbox'],
          ['max(paxyo_ingest_parked_age_seconds)', 'parked'],
          ['max(paxyo_ingest_erasure_age_seconds)', 'erasure'],
          ['max(paxyo_ingest_unverified_age_seconds)', 'unverified'],
          ['max(paxyo_ingest_open_review_age_seconds)', 'review'],
        ],
      },
      {
        title: 'Days with an event partition',
        description: 'Eight after maintenance, and one less after each day without it.',
        unit: 'short',
        lines: [['min(paxyo_ingest_event_partition_days)', 'days']],
      },
      EVENT_LOOP,
    ],
  },
  {
    uid: 'paxyo-gateway',
    title: 'Paxyo: ws-gateway',
    graphs: [
      {
        title: 'Connections and users',
        unit: 'short',
        lines: [
          ['paxyo_gateway_connections', 'connections {{instance}}'],
          ['paxyo_gateway_users', 'users {{instance}}'],
        ],
      },
      {
        title: 'Events sent',
        unit: 'short',
        lines: [['sum(rate(paxyo_gateway_events_sent_total[$__rate_interval]))', 'events']],
      },
      { title: 'From commit to socket', unit: 's', lines: quantiles('paxyo_gateway_event_latency_seconds') },
      { title: 'From hello to welcome', unit: 's', lines: quantiles('paxyo_gateway_join_duration_seconds') },
      {
        title: 'Welcomes',
        unit: 'short',
        lines: [[rate('paxyo_gateway_join_duration_seconds_count', 'mode'), '{{mode}}']],
      },
      {
        title: 'Closes',
        unit: 'short',
        lines: [[rate('paxyo_gateway_closes_total', 'code, reason'), '{{code}} {{reason}}']],
      },
      {
        title: 'Rejected upgrades',
        unit: 'short',
        lines: [[rate('paxyo_gateway_upgrades_rejected_total', 'reason'), '{{reason}}']],
      },
      {
        title: 'Backfills',
        unit: 'short',
        lines: [['sum(rate(paxyo_gateway_backfills_total[$__rate_interval]))', 'reads']],
      },
      {
        title: 'Age of the last heartbeat',
        unit: 's',
        lines: [['paxyo_gateway_pubsub_heartbeat_age_seconds', '{{instance}}']],
      },
      {
        title: 'Drain',
        unit: 'short',
        lines: [['paxyo_gateway_drain_left', 'left at {{instance}}']],
      },
      EVENT_LOOP,
      {
        title: 'Memory',
        unit: 'bytes',
        lines: [['process_resident_memory_bytes', '{{job}} {{instance}}']],
      },
    ],
  },
]

const WIDTH = 12
const HEIGHT = 8

/** A dashboard in Grafana's file format. */
export function grafanaJson({ uid, title, graphs }: Dashboard): string {
  const datasource = { type: 'prometheus', uid: '${datasource}' }
  const panels = graphs.map((graph, index) => ({
    id: index + 1,
    type: 'timeseries',
    title: graph.title,
    ...(graph.description === undefined ? {} : { description: graph.description }),
    datasource,
    gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit: graph.unit, min: 0, custom: { fillOpacity: 10 } }, overrides: [] },
    targets: graph.lines.map(([expr, legendFormat], line) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + line),
      datasource,
      expr,
      legendFormat,
    })),
  }))
  const dashboard = {
    uid,
    title,
    tags: ['paxyo'],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    // Starts with Grafana's default Prometheus, whose name can differ.
    templating: { list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
    panels,
  }
  return `${JSON.stringify(dashboard, null, 2)}\n`
}
