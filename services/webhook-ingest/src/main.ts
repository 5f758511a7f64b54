import { createPool } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import { createProvider, providerSettings } from '@paxyo/providers'
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
import { loadIngestConfig } from './config.ts'
import { createIngest, INGEST_POOL_MAX } from './ingest.ts'
import { panelWebhookTarget } from './workers/outgoing-webhooks/outgoing-webhook-config.ts'

await runService(async () => {
  const config = loadIngestConfig(process.env)
  const log = createLogger('webhook-ingest', config.LOG_LEVEL)

  const pool = createPool({ url: config.DATABASE_URL, role: 'ingest', name: 'webhook-ingest', max: INGEST_POOL_MAX })
  const bus = createRedisBus({ ...redisOptions(config), onError: (err) => log.warn({ err }, 'redis') })
  const publisher = bus.connectPublisher()
  const ingest = createIngest({
    pool,
    publisher,
    providers: providerSettings(config).map((settings) => ({
      provider: createProvider(settings),
      authentication: settings.authentication,
    })),
    verifiesRefunds: config.CONFIRM_MONEY === 'on',
    apiKeys: config.PANEL_API_KEYS,
    tokens: { secrets: config.JWT_SECRETS, audience: config.JWT_AUDIENCE },
    hasDocs: config.API_DOCS === 'on',
    panelWebhook: panelWebhookTarget(config),
    log,
  })

  const app = createHttpServer({ log, trustProxy: config.TRUST_PROXY })
  ingest.register(app)
  registerHealth(app, ingest.readiness)
  const registry = createMetrics('webhook-ingest')
  ingest.addMetrics(registry)
  const stopMetrics = await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log })
  const address = await listen(app, { host: config.HOST, port: config.PORT })
  log.info({ address }, 'listening')

  return {
    async close() {
      log.info('closing')
      await app.close()
      await ingest.close()
      await publisher.close()
      await pool.end()
      await stopMetrics()
    },
  }
})
