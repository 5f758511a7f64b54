import { stringify } from 'yaml'

/** A service level objective: the share of requests or events that must be good. infra/docs/slo.md describes each. */
export interface Slo {
  readonly name: string
  /** The share over 30 days. */
  readonly objective: number
  /** Both get a range, such as `1h`, and return one series without labels. */
  readonly total: (range: string) => string
  readonly good: (range: string) => string
  /** The names of the alerts begin with it. */
  readonly alert: string
  readonly summary: string
}

/** The value of `le` for one second: Prometheus 3 writes it with a decimal. */
const ONE_SECOND = 'le=~"1|1[.]0"'
const WEBHOOKS = 'paxyo_ingest_webhook_duration_seconds'
const EVENTS = 'paxyo_gateway_event_latency_seconds'

export const SLOS: readonly Slo[] = [
  {
    name: 'webhook_acknowledged',
    objective: 0.999,
    // The provider causes the other responses. 499: it did not wait for one.
    total: (range) => `sum(rate(${WEBHOOKS}_count{status=~"200|499|5.."}[${range}]))`,
    good: (range) => `sum(rate(${WEBHOOKS}_bucket{status="200",${ONE_SECOND}}[${range}]))`,
    alert: 'PaxyoWebhookSlo',
    summary: 'of webhooks were not acknowledged within a second',
  },
  {
    name: 'event_shown',
    objective: 0.999,
    total: (range) => `sum(rate(${EVENTS}_count[${range}]))`,
    good: (range) => `sum(rate(${EVENTS}_bucket{${ONE_SECOND}}[${range}]))`,
    alert: 'PaxyoEventSlo',
    summary: 'of events were sent to browsers more than a second after their commit',
  },
]

/**
 * Two windows each: the long one says that it matters, the short one that it still goes on. A burn rate of 1 uses up the error
 * budget of 30 days in 30 days: 14.4 uses 2 % of it in an hour, 6 uses 5 % in six hours, 3 a tenth in a day, 1 a tenth in three.
 */
const BURNING = [
  { rate: 14.4, long: '1h', short: '5m' },
  { rate: 6, long: '6h', short: '30m' },
] as const
const ERODING = [
  { rate: 3, long: '1d', short: '2h' },
  { rate: 1, long: '3d', short: '6h' },
] as const
const RANGES = [...new Set([...BURNING, ...ERODING].flatMap(({ long, short }) => [short, long]))]
/** One failure on a quiet night is no incident. */
const FAILURES_MIN = 5

const RECORD = 'paxyo:slo_errors:ratio_rate'
/** The share of errors in a range, as recorded. */
export const errorRatio = ({ name }: Slo, range: string): string => `${RECORD}${range}{slo="${name}"}`
export const errorBudget = ({ objective }: Slo): number => Number((1 - objective).toFixed(6))

/** Also when there is no good one: then its series does not exist. */
const errorsOf = ({ total, good }: Slo, range: string): string =>
  `(${total(range)} - (${good(range)} or vector(0))) / ${total(range)}`

function burns(slo: Slo, windows: typeof BURNING | typeof ERODING): string {
  const parts = windows.map(({ rate, long, short }) => {
    const limit = `${rate} * ${errorBudget(slo)}`
    return [
      `${errorRatio(slo, long)} > ${limit}`,
      `and ${errorRatio(slo, short)} > ${limit}`,
      `and on () ${RECORD.replace('ratio_rate', 'increase')}${long}{slo="${slo.name}"} >= ${FAILURES_MIN}`,
    ].join('\n  ')
  })
  return parts.join('\nor\n')
}

/** Prometheus's rules of all objectives. */
export function sloRules(): string {
  const secondsOf = { m: 60, h: 3600, d: 86_400 } as const
  const seconds = (range: string): number => Number.parseInt(range, 10) * secondsOf[range.at(-1) as 'm' | 'h' | 'd']
  const recorded = SLOS.flatMap((slo) => [
    ...RANGES.map((range) => ({
      record: `${RECORD}${range}`,
      expr: errorsOf(slo, range),
      labels: { slo: slo.name },
    })),
    ...[...BURNING, ...ERODING].map(({ long }) => ({
      record: `${RECORD.replace('ratio_rate', 'increase')}${long}`,
      expr: `(${slo.total(long)} - (${slo.good(long)} or vector(0))) * ${seconds(long)}`,
      labels: { slo: slo.name },
    })),
  ])
  const alerts = SLOS.flatMap((slo) => [
    {
      alert: `${slo.alert}Burning`,
      expr: burns(slo, BURNING),
      for: '2m',
      labels: { severity: 'page' },
      annotations: { summary: `{{ $value | humanizePercentage }} ${slo.summary}, and it goes on.` },
    },
    {
      alert: `${slo.alert}Eroding`,
      expr: burns(slo, ERODING),
      for: '15m',
      labels: { severity: 'ticket' },
      annotations: { summary: `{{ $value | humanizePercentage }} ${slo.summary}, for a day or longer.` },
    },
  ])
  const groups = [
    { name: 'paxyo-slo-ratios', rules: recorded },
    { name: 'paxyo-slo', rules: alerts },
  ]
  return stringify({ groups }, { lineWidth: 0, singleQuote: true })
}
