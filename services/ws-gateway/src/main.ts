import { createPool } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import { createHttpServer, createLogger, listen, registerHealth, runService } from '@paxyo/service-kit'
import { loadGatewayConfig } from './config.ts'
import { createGateway, GATEWAY_POOL_MAX } from './gateway.ts'

await runService(async () => {
  const config = loadGatewayConfig(process.env)
  const log = createLogger('ws-gateway', config.LOG_LEVEL)

  const pool = createPool({ url: config.DATABASE_URL, role: 'gateway', name: 'ws-gateway', max: GATEWAY_POOL_MAX })
  const bus = createRedisBus({ url: config.REDIS_URL, onError: (err) => log.warn({ err }, 'redis') })
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
  const address = await listen(app, { host: config.HOST, port: config.PORT })
  log.info({ address }, 'listening')

  return {
    async close() {
      await gateway.close(config.DRAIN_SECONDS * 1000)
      await app.close()
      await pool.end()
    },
  }
})
