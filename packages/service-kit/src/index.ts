export * from './config/index.ts'
export { addressGroup, isLoopback, isNear } from './address.ts'
export {
  createFailureThrottle,
  throttledAddress,
  type FailureThrottle,
  type FailureThrottleOptions,
} from './failure-throttle.ts'
export {
  BODY_BYTES_MAX,
  createHttpServer,
  sendProblem,
  type HttpServerOptions,
  type TlsCertificate,
} from './http-server.ts'
export { createAllowList } from './allow-list.ts'
export { readBuiltFiles, type BuiltFile } from './built-files.ts'
export { createLogger } from './logger.ts'
export { listen, type ListenOptions } from './listen.ts'
export { createMetricGroup, createMetrics, LATENCY_BUCKETS_S, serveMetrics, type MetricGroup } from './metrics.ts'
export { registerHealth, type ReadinessCheck } from './health.ts'
export { readBody, type BodyHeaders } from './read-body.ts'
export { readVersion } from './release-version.ts'
export { parseTraceparent, traceOf, type TraceFields } from './trace-context.ts'
export { rejectUnauthenticated, type Rejection } from './reject-unauthenticated.ts'
export { bearerToken, createSecretSet } from './secret-set.ts'
export { announcedSecrets, createSecretUses, fingerprintOf, type KnownSecret, type SecretUses } from './secret-uses.ts'
export { StartError } from './start-failure.ts'
export { runService, type RunningService, type StartService } from './run-service.ts'
export { createWorker, type Worker, type WorkerOptions } from './worker.ts'
export { createConcurrencyLimiter, type ConcurrencyLimiter } from './concurrency-limiter.ts'
