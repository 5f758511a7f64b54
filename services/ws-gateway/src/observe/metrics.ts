import { CLOSE_CODES, eventAtMs, type CloseReason } from '@paxyo/contracts'
import { createMetricGroup, LATENCY_BUCKETS_S } from '@paxyo/service-kit'
import type { Registry } from 'prom-client'
import type { StreamStart } from '../read/stream-reader.ts'

/** What the parts of this service tell its metrics. */
export interface GatewayMetrics {
  /** Frames with events that were given to sockets; a plain number, because it counts on the hottest path. */
  eventsSent: number
  /** An event of the bus has been offered to everybody who follows its stream. */
  readonly eventForwarded: (bytes: Uint8Array) => void
  streamJoined(mode: StreamStart['mode'], durationMs: number): void
  /** A connection has ended: for a reason of ours, or with the code that the client or the network gave. */
  connectionClosed(reason: CloseReason | number): void
  upgradeRefused(reason: 'origin' | 'draining'): void
  register(registry: Registry): void
}

/** What is looked up at each scrape. */
export interface GatewayState {
  readonly connections: number
  readonly users: number
  readonly fills: number
  readonly probeAgeMs: number
  readonly isReady: boolean
  readonly isDraining: boolean
  /** Connections that a drain has not closed yet. */
  readonly drainLeft: number
  readonly databaseWaiting: number
}

/** Codes of a close that was not ours and that mean something to us; all others are one. */
const PEER_CODES = new Set([1000, 1001, 1005, 1006, 1009])

export function createGatewayMetrics(state: () => GatewayState): GatewayMetrics {
  const group = createMetricGroup('paxyo_gateway_')
  const latency = group.histogram(
    'event_latency_seconds',
    'From the commit of an event to its write to the sockets of its user, by the clocks of both machines.',
    LATENCY_BUCKETS_S,
  )
  const joins = group.histogram(
    'join_duration_seconds',
    'From a hello with a good token to the welcome.',
    LATENCY_BUCKETS_S,
    ['mode'],
  )
  const closes = group.counter('closes_total', 'Connections that ended, by close code.', ['code', 'reason'])
  const refusals = group.counter('upgrades_refused_total', 'Upgrades that were refused.', ['reason'])
  group.countOf('events_sent_total', 'Events that were given to sockets.', () => metrics.eventsSent)
  group.countOf('gap_fills_total', 'Reads of events that the bus had not brought.', () => state().fills)
  group.gauge('connections', 'Open WebSockets.', () => state().connections)
  group.gauge('users', 'Users with at least one connection.', () => state().users)
  group.gauge(
    'pubsub_probe_age_seconds',
    'How long ago a message to itself came back.',
    () => state().probeAgeMs / 1000,
  )
  group.gauge('pubsub_ready', 'Whether what is published arrives here.', () => Number(state().isReady))
  group.gauge('draining', 'Whether it sends its clients elsewhere.', () => Number(state().isDraining))
  group.gauge('drain_left', 'Connections that a drain has not closed yet.', () => state().drainLeft)
  group.gauge('database_waiting', 'Queries that wait for a connection of the pool.', () => state().databaseWaiting)

  let sampledAtMs = 0

  const metrics: GatewayMetrics = {
    eventsSent: 0,
    eventForwarded(bytes) {
      // Once a millisecond: every event of a quiet day, and no more than a thousand looks a second on a busy one.
      const nowMs = Date.now()
      if (nowMs === sampledAtMs) return
      sampledAtMs = nowMs
      const atMs = eventAtMs(bytes)
      if (!Number.isNaN(atMs)) latency.observe(Math.max(0, nowMs - atMs) / 1000)
    },
    streamJoined: (mode, durationMs) => joins.observe({ mode }, durationMs / 1000),
    connectionClosed(reason) {
      if (typeof reason === 'string') closes.inc({ code: String(CLOSE_CODES[reason].code), reason })
      else closes.inc({ code: PEER_CODES.has(reason) ? String(reason) : 'other', reason: 'client' })
    },
    upgradeRefused: (reason) => refusals.inc({ reason }),
    register: (registry) => group.register(registry),
  }
  return metrics
}
