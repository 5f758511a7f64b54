import { consoleSettings } from '@paxyo/console'
import { createFolderStore, createPool, migrateToLatest, type PoolOptions } from '@paxyo/database'
import { createInProcessBus, createRedisBus } from '@paxyo/event-bus'
import {
  createHttpServer,
  createLogger,
  createMetricGroup,
  createMetrics,
  createSecretUses,
  listen,
  readVersion,
  redisOptions,
  registerHealth,
  serveMetrics,
  type TlsCertificate,
} from '@paxyo/service-kit'
import {
  createIngest,
  INGEST_POOL_MAX,
  outgoingWebhookSettings,
  reconcileSchedule,
  weakIngestSecrets,
} from 'webhook-ingest'
import type { FastifyInstance } from 'fastify'
import { Server as TlsServer } from 'node:tls'
import { createProviders, providerSettings, refundApproval } from '@paxyo/providers'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { createGateway, GATEWAY_POOL_MAX, limitsOf } from 'ws-gateway'
import type { StandaloneConfig } from './config.ts'
import { consoleLink } from './console-link.ts'
import { isLoopback } from './own-address.ts'
import { startDemo, type StandaloneDemo } from './demo.ts'
import { openDatabase } from './database.ts'
import { loadOrGenerateSecrets, type GeneratedSecrets } from './generated-secrets.ts'
import { startMaintenance } from './maintenance.ts'
import { ownAddress, ownOrigins } from './own-address.ts'
import { bannerLines, bannerSecret, type BannerSecret } from './banner.ts'
import { withPanelKeyInForce } from './panel-key.ts'
import { rejectTakenPort } from './reject-taken-port.ts'
import { followCertificate, openTls } from './tls.ts'

/** There is no other gateway for the clients: they reconnect after the restart. */
const DRAIN_MS = 0

/** No other process can publish on the in-process bus: what a command commits is published from here, at once. */
const SWEEP_OF_ONLY_PROCESS = { sweepIntervalMs: 500, sweepRowAgeMs: 0 }

/** Both services in one process, on the embedded database and the in-process bus unless configured otherwise. */
export async function startStandalone(config: StandaloneConfig, resources: AsyncDisposableStack): Promise<void> {
  const log = createLogger('standalone', config.LOG_LEVEL)
  for (const problem of weakIngestSecrets(process.env)) log.warn({ problem }, 'weak secret')
  await rejectTakenPort({ host: config.HOST, port: config.PORT })
  const tls = await openTls(config)
  const loaded = await loadOrGenerateSecrets(config.DATA_DIR)
  // Opened first, so that metrics are served until the end.
  const registry = createMetrics('standalone')
  resources.use(await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log }))
  const { url } = resources.use(
    await openDatabase({ url: config.DATABASE_URL, dataDir: config.DATA_DIR, password: loaded.databasePassword }),
  )
  await migrateToLatest(url)
  const generated = await withPanelKeyInForce({ url, dataDir: config.DATA_DIR, generated: loaded })
  const secrets = {
    webhookTokens: orElse(config.WEBHOOK_TOKENS, generated.webhookToken),
    apiKeys: orElse(config.PANEL_API_KEYS, generated.panelKey),
    jwtSecrets: orElse(config.JWT_SECRETS, generated.jwtSecret),
  }

  const demo = config.DEMO === 'off' ? undefined : await startDemo(demoOptions(config, secrets, log), resources)
  const app = startServices({ config, secrets, tls: tls?.certificate, demo, url, registry, log }, resources)
  if (tls !== undefined && app.server instanceof TlsServer) {
    const followed = resources.use(followCertificate({ ...tls, server: app.server, log }))
    const group = createMetricGroup('paxyo_')
    const help = 'When the certificate of TLS_CERT expires.'
    group.gauge('certificate_expiry_timestamp_seconds', help, () => followed.expiresAtMs / 1000)
    group.register(registry)
  }
  const [signingKey] = config.AUDIT_SIGNING_KEYS
  resources.use(
    startMaintenance({
      ownerUrl: url,
      eventRetentionDays: config.EVENT_RETENTION_DAYS,
      oldDeliveries: {
        retentionDays: config.DELIVERY_RETENTION_DAYS,
        bodyRetentionDays: config.DELIVERY_BODY_RETENTION_DAYS,
        archive: config.ARCHIVE_DIR === undefined ? undefined : createFolderStore(config.ARCHIVE_DIR),
      },
      signingKey,
      log,
    }),
  )
  await listen(app, { host: config.HOST, port: config.PORT })
  const openOrderId = await withQuietLogs(log, () => demo?.prepare())

  const address = `${tls === undefined ? 'http' : 'https'}://localhost:${config.PORT}`
  const isPrivate = config.NODE_ENV !== 'production' || process.stdout.isTTY
  const consolePage = hasConsole(config) ? await consoleLink({ url, address, isPrivate }) : undefined
  const lines = bannerLines({ address, ...bannerSecrets(config, generated), openOrderId, consolePage })
  process.stdout.write(`${lines.join('\n')}\n`)
}

function bannerSecrets(
  config: StandaloneConfig,
  generated: GeneratedSecrets,
): { readonly webhookToken: BannerSecret | undefined; readonly panelKey: BannerSecret } {
  const secret = (variable: 'WEBHOOK_TOKENS' | 'PANEL_API_KEYS', value: string): BannerSecret =>
    bannerSecret({
      configured: config[variable],
      variable,
      generated: value,
      dataDir: config.DATA_DIR,
      isProduction: config.NODE_ENV === 'production',
      isTerminal: process.stdout.isTTY,
    })
  return {
    webhookToken: config.PROVIDERS_FILE === undefined ? secret('WEBHOOK_TOKENS', generated.webhookToken) : undefined,
    panelKey: secret('PANEL_API_KEYS', generated.panelKey),
  }
}

interface Secrets {
  readonly webhookTokens: readonly string[]
  readonly apiKeys: readonly string[]
  readonly jwtSecrets: readonly string[]
}

interface ServicesDeps {
  readonly config: StandaloneConfig
  readonly secrets: Secrets
  readonly tls: TlsCertificate | undefined
  readonly demo: StandaloneDemo | undefined
  /** The database's owner. */
  readonly url: string
  readonly registry: Registry
  readonly log: Logger
}

/** @returns the HTTP server of both, which does not listen yet. */
function startServices(
  { config, secrets, tls, demo, url, registry, log }: ServicesDeps,
  resources: AsyncDisposableStack,
): FastifyInstance {
  const openPool = (options: Omit<PoolOptions, 'url'>): Pool =>
    resources.adopt(
      createPool({ url, onPrimaryChange: (change) => log.warn(change, 'PostgreSQL primary changed'), ...options }),
      (it) => it.end(),
    )
  const secretUses = createSecretUses()
  const bus =
    config.REDIS_URL === undefined
      ? createInProcessBus()
      : createRedisBus({
          ...redisOptions({ ...config, REDIS_URL: config.REDIS_URL }),
          onMessageKeyUsed: secretUses.watch('redis_message_keys', config.REDIS_MESSAGE_KEYS),
          onError: (err) => log.warn({ err }, 'redis error'),
        })
  // The generated token is that of the demo's provider.
  const providers = providerSettings({ ...config, WEBHOOK_TOKENS: secrets.webhookTokens })
  const version = readVersion()
  const gatewayPool = openPool({ role: 'gateway', name: `standalone-gateway ${version}`, max: GATEWAY_POOL_MAX })
  const ingestPool = openPool({ role: 'ingest', name: `standalone-ingest ${version}`, max: INGEST_POOL_MAX })
  const connected = resources.adopt(bus.connectPublisher(), (it) => it.close())
  const publisher = demo?.recorder.observePublisher(connected) ?? connected
  const ingest = resources.use(
    createIngest({
      pool: ingestPool,
      publisher,
      bus,
      ...(config.REDIS_URL === undefined ? { outboxSweep: SWEEP_OF_ONLY_PROCESS } : {}),
      providers: createProviders(providers),
      verifiesRefunds: config.VERIFY_REFUNDS === 'on',
      refundApproval: refundApproval(config),
      accountMode: config.BALANCE_MODE,
      reconcileSchedule: reconcileSchedule(config),
      apiKeys: secrets.apiKeys,
      tokens: { secrets: secrets.jwtSecrets, audience: config.JWT_AUDIENCE },
      secretUses,
      hasDocs: config.API_DOCS === 'on',
      outgoingWebhooks: outgoingWebhookSettings(config, isLoopback(config.HOST)),
      console: hasConsole(config) ? consoleSettings(withOrigin(config)) : undefined,
      log,
    }),
  )
  // Closing the server waits for its sockets. It is created before the gateway, so that the gateway drains first.
  const app = resources.use(createHttpServer({ log, trustProxy: config.TRUST_PROXY, tls }))
  const gateway = resources.adopt(
    createGateway({
      pool: gatewayPool,
      bus,
      tokens: { secrets: secrets.jwtSecrets, jwksUrl: config.JWT_JWKS_URL, audience: config.JWT_AUDIENCE },
      secretUses,
      allowedOrigins: [...ownOrigins(config.HOST, config.PORT, tls && 'https'), ...config.ALLOWED_ORIGINS],
      limits: limitsOf(config),
      log,
    }),
    (it) => it.close(DRAIN_MS),
  )
  demo?.recorder.observeRequests(app)
  ingest.register(app)
  demo?.register(app)
  gateway.register(app)
  registerHealth(app, { ...ingest.readiness, ...gateway.readiness })
  ingest.addMetrics(registry)
  gateway.addMetrics(registry)
  return app
}

/** The page of this machine, unless it is configured. */
function withOrigin(config: StandaloneConfig): StandaloneConfig {
  const { HOST: host, PORT: port, CONSOLE_ORIGIN: configured, TLS_CERT: cert } = config
  if (configured !== undefined || !isLoopback(host)) return config
  return { ...config, CONSOLE_ORIGIN: `${cert === undefined ? 'http' : 'https'}://localhost:${port}` }
}

const hasConsole = ({ CONSOLE, HOST }: StandaloneConfig): boolean =>
  CONSOLE === undefined ? isLoopback(HOST) : CONSOLE === 'on'

const demoOptions = (config: StandaloneConfig, { apiKeys, webhookTokens }: Secrets, log: Logger) => ({
  url: ownAddress(config.HOST, config.PORT),
  apiKey: apiKeys[0]!,
  webhookToken: webhookTokens[0]!,
  log,
})

/** Does work without its `info` logs, unless the level is `debug` or `trace`. */
async function withQuietLogs<T>(log: Logger, work: () => Promise<T> | T): Promise<T> {
  const { level } = log
  if (level === 'info') log.level = 'warn'
  try {
    return await work()
  } finally {
    log.level = level
  }
}

const orElse = (configured: readonly string[], generated: string): readonly string[] =>
  configured.length > 0 ? configured : [generated]
