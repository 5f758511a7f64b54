import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { IncomingMessage } from 'node:http'
import { register } from 'node:module'
import { basename, dirname } from 'node:path'

/** Asked every few seconds by somebody who wants no trace of it. */
const UNTRACED_PATHS = new Set(['/livez', '/readyz', '/metrics'])

/** Begins to trace HTTP, PostgreSQL and Redis. Everything else is said by the variables that OpenTelemetry defines. */
export function startTracing(): void {
  // Metrics have a Prometheus of their own, and logs go to standard output.
  process.env['OTEL_METRICS_EXPORTER'] ??= 'none'
  process.env['OTEL_LOGS_EXPORTER'] ??= 'none'
  process.env['OTEL_SERVICE_NAME'] ??= serviceName(process.argv[1] ?? '')
  // Modules that are imported rather than required; our own sources are left alone.
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
      // So that the service's log lines are of this trace, also when nobody sent one along.
      const { traceId, spanId, traceFlags } = span.spanContext()
      request.headers['traceparent'] = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
    },
  })
}

/** A webhook's path holds its token, and a trace is no place for it. */
function withoutToken(url: string): string {
  return url.split('?')[0]!.replace(/^(\/webhooks\/[^/]+)\/.*$/, '$1/[token]')
}

/** `services/ws-gateway/src/main.ts` is ws-gateway. */
function serviceName(main: string): string {
  return basename(dirname(dirname(main))) || 'paxyo'
}
