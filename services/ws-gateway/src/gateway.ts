import type { EventBus } from '@paxyo/event-bus'
import {
  announcedSecrets,
  createSecretUses,
  createWorker,
  type ReadinessCheck,
  type SecretUses,
} from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { createKeyServer } from './auth/key-server.ts'
import { createTokenVerifier } from './auth/token-verifier.ts'
import { registerEmbedScript } from './embed-script/embed-script-route.ts'
import { loadEmbedScript } from './embed-script/embed-script.ts'
import { startUserControl } from './control/start-user-control.ts'
import { createGatewayMetrics } from './observe/metrics.ts'
import { createOperations } from './operations/operations.ts'
import { createOperatorSessions } from './operations/operator-sessions.ts'
import { registerProtocol } from './protocol-route.ts'
import { readFromPrimary } from './read/read-database.ts'
import { createReplicaReads } from './read/replica-reads.ts'
import { createStreamReader } from './read/stream-reader.ts'
import { createOrderReader } from './read/user-orders.ts'
import { PendingReceipts } from './receipts/pending-receipts.ts'
import { createConnections } from './socket/connections.ts'
import { DEFAULT_LIMITS, type Limits } from './socket/limits.ts'
import { createOriginCheck, isSameOrigin } from './socket/origin.ts'
import { registerSocketServer } from './socket/socket-server.ts'
import { registerStreamRoute } from './socket/stream-route.ts'
import { createHub } from './stream/hub.ts'

export interface GatewayDeps {
  /** The primary. */
  readonly pool: Pool
  /** A replica, for what clients receive; without it, the primary is read. */
  readonly replica?: Pool | undefined
  readonly bus: EventBus
  readonly tokens: {
    /** HS256 secrets; several at once for rotation. */
    readonly secrets: readonly string[]
    /** The URL of the issuer's public keys. */
    readonly jwksUrl?: string | undefined
    readonly audience: string
  }
  /** Records which secrets are in use, shared with the bus. Default: a new record. */
  readonly secretUses?: SecretUses
  readonly allowedOrigins: readonly string[]
  readonly limits?: Partial<Limits>
  readonly log: Logger
}

export interface Gateway {
  register(app: FastifyInstance): void
  readonly connectionCount: number
  readonly readiness: Readonly<Record<string, ReadinessCheck>>
  addMetrics(registry: Registry): void
  /** Closes all connections, spread evenly over `drainMs`, then disconnects from the bus. The pool stays open. */
  close(drainMs: number): Promise<void>
}

/** The maximum number of connections in a gateway's pool. A few are enough, because reads are batched. */
export const GATEWAY_POOL_MAX = 8

/** How often the gateway reads the epoch and the timeline. Health checks read it, too; this bounds the delay without them. */
const HISTORY_INTERVAL_MS = 3_000

/** Creates the gateway: it authenticates browsers, sends the events that they missed, then forwards new events. */
export function createGateway(deps: GatewayDeps): Gateway {
  const {
    pool,
    replica,
    bus,
    tokens,
    secretUses = createSecretUses(),
    allowedOrigins,
    limits: changedLimits,
    log,
  } = deps
  const metrics = createGatewayMetrics(() => ({
    connections: connections.count,
    streams: connections.countOf('stream'),
    users: hub.userCount,
    operatorSockets: operations.count,
    backfills: hub.backfillCount,
    heartbeatAgeMs: hub.heartbeatAgeMs,
    isReady: hub.isReady,
    isDraining: connections.isDraining,
    drainLeft: connections.drainLeft,
    unread: connections.unread,
    databaseWaiting: pool.waitingCount,
    isKeyServerUnavailable: keyServer?.isUnavailable ?? false,
    control: control.state,
  }))
  const { secrets, audience, jwksUrl } = tokens
  const keyServer =
    jwksUrl === undefined
      ? undefined
      : createKeyServer({
          url: jwksUrl,
          onChange(error) {
            if (error === undefined) log.info('key server responds again')
            else log.warn({ err: error }, 'key server unavailable, using its last keys')
          },
        })
  const limits = { ...DEFAULT_LIMITS, ...changedLimits }
  const receipts = new PendingReceipts(() => performance.now())
  const source =
    replica === undefined
      ? readFromPrimary(pool)
      : createReplicaReads({ primary: pool, replica, onRead: metrics.replicaRead, now: () => performance.now() })
  const { welcomeBytesMax } = limits
  const reader = createStreamReader({ pool, source, welcomeBytesMax, onAhead: metrics.clientAhead })
  const hub = createHub({
    bus,
    reader,
    log,
    onForwarded: metrics.eventForwarded,
    onMessageRejected: metrics.busMessageRejected,
    onSent: (sent) => receipts.sent(sent),
  })
  const historyWatch = createWorker({
    run: () => hub.checkHistory(),
    backstopMs: HISTORY_INTERVAL_MS,
    onError: (err) => log.debug({ err }, 'epoch and timeline could not be read'),
  })
  historyWatch.wake()
  const connections = createConnections({
    hub,
    orderReader: createOrderReader(source),
    verifyToken: createTokenVerifier({
      secrets,
      onSecretUsed: secretUses.watch('jwt_secrets', secrets),
      keyServer,
      audience,
    }),
    limits,
    allowedOrigins,
    log,
    metrics,
    onSeen: (...seen) => receipts.seen(...seen),
    isTokenRevoked: (...token) => reader.isTokenRevoked(...token),
  })
  const control = startUserControl({
    pool,
    bus,
    hub,
    receipts,
    log,
    state: () => ({ connections: connections.count, users: hub.userCount, secrets: announcedSecrets(secretUses) }),
    onMessage: metrics.controlMessage,
  })
  const operations = createOperations({
    bus,
    sessions: createOperatorSessions(pool),
    log,
    now: () => performance.now(),
    onDropped: metrics.operationsMessageDropped,
    onTicketFailed: metrics.ticketFailed,
  })
  const isAllowedOrigin = createOriginCheck(allowedOrigins)
  const embedScript = loadEmbedScript()
  let isDraining = false

  return {
    get connectionCount() {
      return connections.count
    },
    register(app) {
      registerSocketServer(app, {
        connections,
        operators: {
          rejectionOf: ({ headers: { origin }, host }) =>
            isAllowedOrigin(origin) || isSameOrigin(origin, host) ? operations.rejection : 'origin',
          accept: operations.accept,
        },
        limits,
        log,
      })
      registerStreamRoute(app, { connections, limits })
      registerEmbedScript(app, embedScript)
      registerProtocol(app)
    },
    readiness: {
      draining: () => {
        if (isDraining) throw new Error('draining')
      },
      database: () => hub.checkEpoch(),
      // Without the bus the gateway serves from the database, a second later.
      bus: () => (hub.isReady ? undefined : 'degraded'),
    },
    addMetrics: (registry) => metrics.register(registry),
    async close(drainMs) {
      isDraining = true
      log.info({ connections: connections.count, drainMs }, 'draining')
      await operations.close()
      await connections.drain(drainMs)
      await control.close()
      await historyWatch.close()
      await hub.close()
    },
  }
}
