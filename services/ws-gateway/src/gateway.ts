import type { EventBus } from '@paxyo/event-bus'
import type { ReadinessCheck } from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { createKeyServer } from './auth/key-server.ts'
import { createTokenVerifier } from './auth/token-verifier.ts'
import { registerEmbedScript } from './embed-script/embed-script-route.ts'
import { loadEmbedScript } from './embed-script/embed-script.ts'
import { createGatewayMetrics } from './observe/metrics.ts'
import { createStreamReader } from './read/stream-reader.ts'
import { createOrderReader } from './read/user-orders.ts'
import { DEFAULT_LIMITS, type Limits } from './socket/limits.ts'
import { createSocketServer } from './socket/socket-server.ts'
import { createHub } from './stream/hub.ts'

export interface GatewayDeps {
  readonly pool: Pool
  readonly bus: EventBus
  readonly tokens: {
    /** HS256 secrets; several at once for rotation. */
    readonly secrets: readonly string[]
    /** The URL of the issuer's public keys. */
    readonly jwksUrl?: string | undefined
    readonly audience: string
  }
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

/** Creates the gateway: it authenticates browsers, sends the events that they missed, then forwards new events. */
export function createGateway({ pool, bus, tokens, allowedOrigins, limits, log }: GatewayDeps): Gateway {
  const metrics = createGatewayMetrics(() => ({
    connections: sockets.connectionCount,
    users: hub.userCount,
    backfills: hub.backfillCount,
    heartbeatAgeMs: hub.heartbeatAgeMs,
    isReady: hub.isReady,
    isDraining: sockets.isDraining,
    drainLeft: sockets.drainLeft,
    databaseWaiting: pool.waitingCount,
    isKeyServerUnavailable: keyServer?.isUnavailable ?? false,
  }))
  const { secrets, audience, jwksUrl } = tokens
  const keyServer =
    jwksUrl === undefined
      ? undefined
      : createKeyServer({
          url: jwksUrl,
          onChange(error) {
            if (error === undefined) log.info('key server responds again')
            else log.warn({ err: error }, 'key server unavailable, its last keys serve')
          },
        })
  const hub = createHub({ bus, reader: createStreamReader({ pool }), log, onForwarded: metrics.eventForwarded })
  const sockets = createSocketServer({
    hub,
    orderReader: createOrderReader(pool),
    verifyToken: createTokenVerifier({ secrets, keyServer, audience }),
    limits: { ...DEFAULT_LIMITS, ...limits },
    allowedOrigins,
    log,
    metrics,
  })
  const embedScript = loadEmbedScript()
  let isDraining = false

  return {
    get connectionCount() {
      return sockets.connectionCount
    },
    register(app) {
      sockets.register(app)
      registerEmbedScript(app, embedScript)
    },
    readiness: {
      draining: () => {
        if (isDraining) throw new Error('draining')
      },
      // Reads the database; a gateway without new connections also detects a changed epoch this way.
      database: () => hub.checkEpoch(),
      // Without the bus the gateway serves from the database, a second later.
      bus: () => (hub.isReady ? undefined : 'degraded'),
    },
    addMetrics: (registry) => metrics.register(registry),
    async close(drainMs) {
      isDraining = true
      log.info({ connections: sockets.connectionCount, drainMs }, 'draining')
      await sockets.drain(drainMs)
      await hub.close()
    },
  }
}
