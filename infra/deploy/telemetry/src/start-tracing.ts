import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { IncomingMessage } from 'node:http'
import { register } from 'node:module'
import { basename, dirname } from 'node:path'

/** Health checks and scrapes, every few seconds. */
const UNTRACED_PATHS = new Set(['/livez', '/readyz', '/metrics'])

/** Starts to trace HTTP, PostgreSQL and Redis. OpenTelemetry's environment variables configure it. */
export function startTracing(): void {
  // Prometheus scrapes the metrics, and logs go to standard output.
  process.env['OTEL_METRICS_EXPORTER'] ??= 'none'
  process.env['OTEL_LOGS_EXPORTER'] ??= 'none'
  process.env['OTEL_SERVICE_NAME'] ??= serviceName(process.argv[1] ?? '')
  // For imported (not required) modules; not for our own sources.
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: ['pg', 'ioredis'] } })
  const sdk = new NodeSDK({ instrumentations: [http(), new PgInstrumentation(), new IORedisInstrumentation()] })
  sdk.start()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void sdk.shutdown().catch(() => undefined))
}

function http(): HttpInstrumentation {
  return new HttpInstrumentation({
    ignoreIncomingRequestHook: ({ url }) => UNTRACED_PATHS.has(url ?? ''),
    startIncomingSpanHook: ({ url = '' }) => {
      const path = withoutToken(url)
      return { 'url.path': path, 'http.target': path, 'http.url': path, 'url.query': '' }
    },
    requestHook(span, request) {
      if (!(request instanceof IncomingMessage)) return
      // Sets the trace of the service's log lines, even when the request contains no traceparent.
      const { traceId, spanId, traceFlags } = span.spanContext()
      request.headers['traceparent'] = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
    },
  })
}

/** A webhook's path contains its token, which must not appear in a trace. */
function withoutToken(url: string): string {
  return url.split('?')[0]!.replace(/^(\/webhooks\/[^/]+)\/.*$/, '$1/[token]')
}

/** `services/ws-gateway/src/main.ts` is ws-gateway. */
function serviceName(main: string): string {
  return basename(dirname(dirname(main))) || 'paxyo'
}
