import { consoleSettings } from '@paxyo/console'
import { createPool, findConnectionProblem } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import { createProviders, providerSettings, refundApproval } from '@paxyo/providers'
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
import { loadIngestConfig, weakIngestSecrets } from './config.ts'
import { createIngest, INGEST_POOL_MAX } from './ingest.ts'
import { outgoingWebhookSettings } from './workers/outgoing-webhooks/outgoing-webhook-config.ts'
import { reconcileSchedule } from './workers/reconcile/reconcile-config.ts'

await runService(async (resources) => {
  const config = loadIngestConfig(process.env)
  const log = createLogger('webhook-ingest', config.LOG_LEVEL)
  const connectionProblem = await findConnectionProblem({ url: config.DATABASE_URL, role: 'ingest' })
  if (connectionProblem !== undefined) throw new ConfigError([`DATABASE_URL: ${connectionProblem}`])
  for (const problem of weakIngestSecrets(process.env)) log.warn({ problem }, 'weak secret')
  // Metrics are served until the process ends.
  const registry = createMetrics('webhook-ingest')
  resources.use(await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log }))

  const pool = resources.adopt(
    createPool({
      url: config.DATABASE_URL,
      role: 'ingest',
      name: `webhook-ingest ${readVersion()}`,
      max: INGEST_POOL_MAX,
      onPrimaryChange: (change) => log.warn(change, 'PostgreSQL primary changed'),
    }),
    (it) => it.end(),
  )
  const secretUses = createSecretUses()
  const bus = createRedisBus({
    ...redisOptions(config),
    onMessageKeyUsed: secretUses.watch('redis_message_keys', config.REDIS_MESSAGE_KEYS),
    onError: (err) => log.warn({ err }, 'redis'),
  })
  const publisher = resources.adopt(bus.connectPublisher(), (it) => it.close())
  const ingest = resources.use(
    createIngest({
      pool,
      publisher,
      bus,
      providers: createProviders(providerSettings(config)),
      verifiesRefunds: config.VERIFY_REFUNDS === 'on',
      refundApproval: refundApproval(config),
      accountMode: config.BALANCE_MODE,
      reconcileSchedule: reconcileSchedule(config),
      apiKeys: config.PANEL_API_KEYS,
      tokens: { secrets: config.JWT_SECRETS, audience: config.JWT_AUDIENCE },
      secretUses,
      hasDocs: config.API_DOCS === 'on',
      outgoingWebhooks: outgoingWebhookSettings(config),
      console: config.CONSOLE === 'on' ? consoleSettings(config) : undefined,
      log,
    }),
  )
  ingest.addMetrics(registry)

  const app = resources.use(createHttpServer({ log, trustProxy: config.TRUST_PROXY }))
  ingest.register(app)
  registerHealth(app, ingest.readiness)
  const address = await listen(app, { host: config.HOST, port: config.PORT })
  log.info({ address }, 'listening')
  resources.defer(() => log.info('closing'))
})
