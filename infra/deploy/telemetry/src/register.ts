/**
 * Traces for OpenTelemetry: `node --import @paxyo/telemetry …`, or by NODE_OPTIONS. It has to come before everything it
 * instruments, so a service can't load it by itself. Without OTEL_EXPORTER_OTLP_ENDPOINT it does nothing and loads nothing.
 */
if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) {
  const { startTracing } = await import('./start-tracing.ts')
  startTracing()
}
