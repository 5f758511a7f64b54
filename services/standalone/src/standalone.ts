import { createPool, migrateToLatest } from '@paxyo/database'
import { createInProcessBus, createRedisBus } from '@paxyo/event-bus'
import {
  createHttpServer,
  createLogger,
  createMetrics,
  listen,
  redisOptions,
  registerHealth,
  serveMetrics,
  type RunningService,
} from '@paxyo/service-kit'
import { createIngest, INGEST_POOL_MAX, panelWebhookTarget } from 'webhook-ingest'
import { createProvider, providerSettings } from '@paxyo/providers'
import {
  createDemoActions,
  createDemoPanel,
  DEMO_USER,
  prepareDemo,
  registerDemoPage,
  startDemoProvider,
  type DemoDeps,
} from 'demo'
import type { Logger } from 'pino'
import { createGateway, GATEWAY_POOL_MAX } from 'ws-gateway'
import type { StandaloneConfig } from './config.ts'
import { openDatabase, type StandaloneDatabase } from './database.ts'
import { keepSecrets, type KeptSecrets } from './kept-secrets.ts'
import { startMaintenance } from './maintenance.ts'
import { ownAddress, ownOrigins } from './own-address.ts'
import { welcomeLines } from './welcome.ts'

/** One process has nobody to send its clients to: they come back when it does. */
const DRAIN_MS = 0

/** Both services in one process, on the embedded database and the in-process bus unless configured otherwise. */
export async function startStandalone(config: StandaloneConfig): Promise<RunningService> {
  const kept = await keepSecrets(config.DATA_DIR)
  const database = await openDatabase({
    url: config.DATABASE_URL,
    dataDir: config.DATA_DIR,
    password: kept.databasePassword,
  })
  try {
    return await startOn(database, config, kept)
  } catch (error) {
    // Nobody else knows of the embedded server.
    await database.close()
    throw error
  }
}

async function startOn(
  database: StandaloneDatabase,
  config: StandaloneConfig,
  kept: KeptSecrets,
): Promise<RunningService> {
  const log = createLogger('standalone', config.LOG_LEVEL)
  // The token that was made at the first start is right for the provider of the demo, too.
  const webhookTokens = orElse(config.WEBHOOK_TOKENS, kept.webhookToken)
  const providers = providerSettings({ ...config, WEBHOOK_TOKENS: webhookTokens })
  const apiKeys = orElse(config.PANEL_API_KEYS, kept.panelKey)
  const jwtSecrets = orElse(config.JWT_SECRETS, kept.jwtSecret)

  await migrateToLatest(database.url)
  const maintenance = startMaintenance({ ownerUrl: database.url, retentionDays: config.EVENT_RETENTION_DAYS, log })

  const { url } = database
  const ingestPool = createPool({ url, role: 'ingest', name: 'standalone-ingest', max: INGEST_POOL_MAX })
  const gatewayPool = createPool({ url, role: 'gateway', name: 'standalone-gateway', max: GATEWAY_POOL_MAX })
  const bus =
    config.REDIS_URL === undefined
      ? createInProcessBus()
      : createRedisBus({
          ...redisOptions({ ...config, REDIS_URL: config.REDIS_URL }),
          onError: (err) => log.warn({ err }, 'redis'),
        })
  const publisher = bus.connectPublisher()

  const ingest = createIngest({
    pool: ingestPool,
    publisher,
    providers: providers.map((settings) => ({
      provider: createProvider(settings),
      authentication: settings.authentication,
    })),
    verifiesRefunds: config.CONFIRM_MONEY === 'on',
    apiKeys,
    tokens: { secrets: jwtSecrets, audience: config.JWT_AUDIENCE },
    hasDocs: config.API_DOCS === 'on',
    panelWebhook: panelWebhookTarget(config),
    log,
  })
  const gateway = createGateway({
    pool: gatewayPool,
    bus,
    tokens: { secrets: jwtSecrets, jwksUrl: config.JWT_JWKS_URL, audience: config.JWT_AUDIENCE },
    allowedOrigins: [...ownOrigins(config.HOST, config.PORT), ...config.ALLOWED_ORIGINS],
    log,
  })

  const app = createHttpServer({ log, trustProxy: config.TRUST_PROXY })
  ingest.register(app)
  gateway.register(app)
  registerHealth(app, { ...ingest.readiness, ...gateway.readiness })
  const registry = createMetrics('standalone')
  ingest.addMetrics(registry)
  gateway.addMetrics(registry)
  const stopMetrics = await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log })
  const here = ownAddress(config.HOST, config.PORT)
  const demo: DemoDeps | undefined =
    config.DEMO === 'on'
      ? {
          panel: createDemoPanel({ url: here, apiKey: apiKeys[0]!, userId: DEMO_USER }),
          provider: await startDemoProvider({ url: here, proof: { kind: 'path', token: webhookTokens[0]! } }),
        }
      : undefined
  if (demo !== undefined) {
    registerDemoPage(app, {
      mintToken: () => demo.panel.mintToken(),
      actions: createDemoActions(demo),
    })
  }
  await listen(app, { host: config.HOST, port: config.PORT })
  const openOrderId = demo === undefined ? undefined : await quietly(log, () => prepareDemo(demo))

  const address = `http://localhost:${config.PORT}`
  const lines = welcomeLines({ address, webhookToken: webhookTokens[0]!, panelKey: apiKeys[0]!, openOrderId })
  process.stdout.write(`${lines.join('\n')}\n`)

  return {
    async close() {
      await demo?.provider.close()
      await maintenance.close()
      await gateway.close(DRAIN_MS)
      await app.close()
      await ingest.close()
      await publisher.close()
      await Promise.all([ingestPool.end(), gatewayPool.end()])
      await database.close()
      await stopMetrics()
    },
  }
}

/** Does something whose every step would be a line of the log that nobody needs. Who asked for more than `info` gets it. */
async function quietly<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  const { level } = log
  if (level === 'info') log.level = 'warn'
  try {
    return await work()
  } finally {
    log.level = level
  }
}

const orElse = (given: readonly string[], kept: string): readonly string[] => (given.length > 0 ? given : [kept])
