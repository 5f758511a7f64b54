import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client'
import type { Logger } from 'pino'
import { createHttpServer } from './http-server.ts'
import { listen } from './listen.ts'

/**
 * Creates the registry of a service's metrics.
 *
 * @example
 * const metrics = await createMetrics('my-service').metrics()
 * metrics.includes('service="my-service"') //=> true
 */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}

/** The metrics of a part of a service. They are not visible until they are registered. */
export interface MetricGroup {
  counter<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Counter<Label>
  /** A counter whose value is read at each scrape. */
  countOf(name: string, help: string, read: () => number): void
  histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ): Histogram<Label>
  /** A metric whose value is read at each scrape. */
  gauge(name: string, help: string, read: () => number): void
  /** Metrics that are set together at each scrape; those that are not set are omitted. */
  gauges<Name extends string>(
    described: Readonly<Record<Name, GaugeDescription>>,
    fill: (gauges: Readonly<Record<Name, Gauge>>) => Promise<void>,
  ): void
  register(registry: Registry): void
}

export interface GaugeDescription {
  readonly help: string
  readonly labels?: readonly string[]
}

/** Seconds, from a round trip within a machine to a timeout. */
export const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * Creates a group of metrics.
 *
 * @param prefix of every name, such as `paxyo_ingest_`. A unit is the last part of a name, or the last before `_total`.
 * @example
 * const registry = createMetrics('shop')
 * const group = createMetricGroup('shop_')
 * group.gauge('carts', 'Carts that are open.', () => 3)
 * group.register(registry)
 * (await registry.getSingleMetric('shop_carts')!.get()).values.map(({ value }) => value) //=> [3]
 */
export function createMetricGroup(prefix: string): MetricGroup {
  const metrics: Metric[] = []
  const own = { registers: [] }
  const add = <M extends Metric>(metric: M): M => {
    metrics.push(metric)
    return metric
  }
  return {
    counter: (name, help, labels = []) => {
      const counter = new Counter({ name: prefix + name, help, labelNames: [...labels], ...own })
      return add(counter)
    },
    countOf(name, help, read) {
      const collect = (): void => {
        counter.reset()
        counter.inc(read())
      }
      const counter: Counter = add(new Counter({ name: prefix + name, help, ...own, collect }))
    },
    histogram: (name, help, buckets, labels = []) => {
      const options = { name: prefix + name, help, buckets: [...buckets], labelNames: [...labels], ...own }
      return add(new Histogram(options))
    },
    gauge(name, help, read) {
      const collect = (): void => gauge.set(read())
      const gauge: Gauge = add(new Gauge({ name: prefix + name, help, ...own, collect }))
    },
    gauges<Name extends string>(
      described: Readonly<Record<Name, GaugeDescription>>,
      fill: (gauges: Readonly<Record<Name, Gauge>>) => Promise<void>,
    ) {
      const gauges = {} as Record<Name, Gauge>
      const descriptions = Object.entries<GaugeDescription>(described) as [Name, GaugeDescription][]
      let filling: Promise<void> | undefined
      // A scrape collects all metrics concurrently; the first call sets them for all.
      const collect = (): Promise<void> => {
        filling ??= fillAll().finally(() => (filling = undefined))
        return filling
      }
      const fillAll = async (): Promise<void> => {
        for (const [name, { labels = [] }] of descriptions) {
          gauges[name].reset()
          // Resetting makes it zero, which is a claim.
          if (labels.length === 0) gauges[name].remove()
        }
        await fill(gauges)
      }
      for (const [name, { help, labels = [] }] of descriptions) {
        gauges[name] = add(new Gauge({ name: prefix + name, help, labelNames: [...labels], ...own, collect }))
      }
    },
    register(registry) {
      for (const metric of metrics) registry.registerMetric(metric)
    },
  }
}

export interface MetricsServerOptions {
  readonly registry: Registry
  readonly host: string
  /** Metrics are not served without one. */
  readonly port: number | undefined
  readonly log: Logger
}

/**
 * Serves `GET /metrics` on a separate port, because metrics must not be public.
 *
 * @returns the server, which the caller disposes.
 * @example
 * await using server = await serveMetrics({ registry: createMetrics('shop'), host: '127.0.0.1', port, log })
 * (await fetch(`http://127.0.0.1:${port}/metrics`)).status //=> 200
 */
export async function serveMetrics({
  registry,
  host,
  port,
  log,
}: MetricsServerOptions): Promise<AsyncDisposable | undefined> {
  if (port === undefined) return undefined
  const app = createHttpServer({ log, trustProxy: false })
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  await listen(app, { host, port })
  return app
}
