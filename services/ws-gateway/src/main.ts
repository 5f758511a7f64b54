import { createPool, findConnectionProblem } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import {
  ConfigError,
  createHttpServer,
  createLogger,
  createMetrics,
  createSecretUses,
  listen,
  readVersion,
  redisOptions,
  registerHealth,
  runService,
  serveMetrics,
} from '@paxyo/service-kit'
import { limitsOf, loadGatewayConfig, replicaUrlOf, weakGatewaySecrets } from './config.ts'
import { createGateway, GATEWAY_POOL_MAX } from './gateway.ts'
import { rejectReplica } from './read/reject-replica.ts'

/** The time in which everything must be closed after the drain. */
const CLOSE_TIMEOUT_MS = 20_000

await runService(async (resources) => {
  const config = loadGatewayConfig(process.env)
  const log = createLogger('ws-gateway', config.LOG_LEVEL)
  const connectionProblem = await findConnectionProblem({ url: config.DATABASE_URL, role: 'gateway' })
  if (connectionProblem !== undefined) throw new ConfigError([`DATABASE_URL: ${connectionProblem}`])
  for (const problem of weakGatewaySecrets(process.env)) log.warn({ problem }, 'weak secret')
  const drainMs = config.DRAIN_SECONDS * 1000

  // `paxyo version --check` reads it.
  const name = `ws-gateway ${readVersion()}`
  const pool = resources.adopt(
    createPool({
      url: config.DATABASE_URL,
      role: 'gateway',
      name,
      max: GATEWAY_POOL_MAX,
      onPrimaryChange: (change) => log.warn(change, 'PostgreSQL primary changed'),
    }),
    (it) => it.end(),
  )
  await rejectReplica(pool)
  const replicaUrl = replicaUrlOf(config)
  const replica =
    replicaUrl === undefined
      ? undefined
      : resources.adopt(createPool({ url: replicaUrl, role: 'gateway', name, max: GATEWAY_POOL_MAX }), (it) => it.end())
  // Resources are closed in reverse order: the metrics server is opened early, so that it serves while the gateway drains.
  const registry = createMetrics('ws-gateway')
  resources.use(await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log }))
  // Closing the HTTP server waits for its sockets, so it is created before the gateway, which then drains first.
  const app = resources.use(createHttpServer({ log, trustProxy: config.TRUST_PROXY }))

  const secretUses = createSecretUses()
  const bus = createRedisBus({
    ...redisOptions(config),
    onMessageKeyUsed: secretUses.watch('redis_message_keys', config.REDIS_MESSAGE_KEYS),
    onError: (err) => log.warn({ err }, 'redis error'),
  })
  const gateway = resources.adopt(
    createGateway({
      pool,
      replica,
      bus,
      tokens: { secrets: config.JWT_SECRETS, jwksUrl: config.JWT_JWKS_URL, audience: config.JWT_AUDIENCE },
      secretUses,
      allowedOrigins: config.ALLOWED_ORIGINS,
      limits: limitsOf(config),
      log,
    }),
    (it) => it.close(drainMs),
  )
  gateway.register(app)
  registerHealth(app, gateway.readiness)
  gateway.addMetrics(registry)
  const address = await listen(app, { host: config.HOST, port: config.PORT })
  log.info({ address }, 'listening')
  return { closeTimeoutMs: drainMs + CLOSE_TIMEOUT_MS }
})
