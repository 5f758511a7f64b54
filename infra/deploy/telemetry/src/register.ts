/**
 * Traces for OpenTelemetry: `node --import @paxyo/telemetry …`, or through NODE_OPTIONS. It must be loaded before the modules
 * that it instruments, so a service cannot import it. Without OTEL_EXPORTER_OTLP_ENDPOINT it does nothing and loads nothing.
 */
if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) {
  const { startTracing } = await import('./start-tracing.ts')
  startTracing()
}
