import { createPool } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import {
  createHttpServer,
  createLogger,
  createMetrics,
  listen,
  redisOptions,
  registerHealth,
  runService,
  serveMetrics,
} from '@paxyo/service-kit'
import { loadGatewayConfig } from './config.ts'
import { createGateway, GATEWAY_POOL_MAX } from './gateway.ts'

/** For everything but the drain. */
const CLOSE_TIMEOUT_MS = 20_000

await runService(async () => {
  const config = loadGatewayConfig(process.env)
  const log = createLogger('ws-gateway', config.LOG_LEVEL)

  const pool = createPool({ url: config.DATABASE_URL, role: 'gateway', name: 'ws-gateway', max: GATEWAY_POOL_MAX })
  const bus = createRedisBus({ ...redisOptions(config), onError: (err) => log.warn({ err }, 'redis') })
  const gateway = createGateway({
    pool,
    bus,
    tokens: { secrets: config.JWT_SECRETS, jwksUrl: config.JWT_JWKS_URL, audience: config.JWT_AUDIENCE },
    allowedOrigins: config.ALLOWED_ORIGINS,
    log,
  })

  const app = createHttpServer({ log, trustProxy: config.TRUST_PROXY })
  gateway.register(app)
  registerHealth(app, gateway.readiness)
  const registry = createMetrics('ws-gateway')
  gateway.addMetrics(registry)
  const stopMetrics = await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log })
  const address = await listen(app, { host: config.HOST, port: config.PORT })
  log.info({ address }, 'listening')

  const drainMs = config.DRAIN_SECONDS * 1000
  return {
    closeTimeoutMs: drainMs + CLOSE_TIMEOUT_MS,
    async close() {
      await gateway.close(drainMs)
      await app.close()
      await stopMetrics()
      await pool.end()
    },
  }
})
