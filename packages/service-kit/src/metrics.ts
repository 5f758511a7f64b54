import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Logger } from 'pino'
import { createHttpServer } from './http-server.ts'
import { listen } from './listen.ts'

/** A service's metrics, each read when it is asked for. */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Adds a metric whose value is looked up at each scrape. Its unit is the last part of its name. */
export function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  const gauge = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read())
    },
  })
  registry.registerMetric(gauge)
}

export interface MetricsServerOptions {
  readonly registry: Registry
  readonly host: string
  /** Nothing is served without one. */
  readonly port: number | undefined
  readonly log: Logger
}

/**
 * Serves `GET /metrics` on a port of its own: what it says is not for everybody who can reach the service.
 *
 * @returns how to stop it.
 */
export async function serveMetrics({ registry, host, port, log }: MetricsServerOptions): Promise<() => Promise<void>> {
  if (port === undefined) return () => Promise.resolve()
  const app = createHttpServer({ log, trustProxy: false })
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  await listen(app, { host, port })
  return async () => {
    await app.close()
  }
}
