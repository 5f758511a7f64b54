import { CLOSE_CODES, controlMessageSchema, eventAtMs, type CloseReason } from '@paxyo/contracts'
import { createMetricGroup, LATENCY_BUCKETS_S } from '@paxyo/service-kit'
import type { Registry } from 'prom-client'
import type { ControlState } from '../control/start-user-control.ts'
import { REPLICA_OUTCOMES, type ReplicaOutcome } from '../read/replica-reads.ts'
import type { StreamStart } from '../read/stream-reader.ts'

/** Why a connection is rejected before its hello is read. */
export type ConnectionRejection = 'origin' | 'draining' | 'connections' | 'handshakes'

/** The metrics that the parts of this service update. */
export interface GatewayMetrics {
  /** Event frames written to sockets; a plain number, because it is incremented on the hottest path. */
  eventsSent: number
  /** An event of the bus has been offered to all listeners of its stream. */
  readonly eventForwarded: (bytes: Uint8Array) => void
  /** A message on a user's channel was not an authentic event. */
  readonly busMessageRejected: () => void
  streamJoined(mode: StreamStart['mode'], durationMs: number): void
  /** A connection has ended: for the gateway's reason, or with the client's or the network's close code. */
  connectionClosed(reason: CloseReason | number): void
  /** The database does not have what a client has received, and has not for some time when the position is void. */
  readonly clientAhead: (isVoid: boolean) => void
  /** A browser sent an invalid token. */
  readonly tokenFailed: (isThrottled: boolean) => void
  /** A console sent an invalid ticket. */
  readonly ticketFailed: (isThrottled: boolean) => void
  /** Counts a batch of reads, by where it went. */
  readonly replicaRead: (outcome: ReplicaOutcome) => void
  upgradeRejected(reason: ConnectionRejection): void
  /** A console reads too slowly for a message. */
  readonly operationsMessageDropped: () => void
  /** A `page` or `orders` of a client has been responded to. */
  readonly orderRequest: (type: string, outcome: string, durationMs: number) => void
  /** A control message of webhook-ingest has arrived. */
  readonly controlMessage: (type: string) => void
  register(registry: Registry): void
}

/** What clients have not read yet. */
export interface UnreadState {
  readonly bytes: number
  /** Joins that wait, because their user has too many unread bytes, or joins too often. */
  readonly joinsWaiting: number
  /** Connections that were cut because the process had too many unread bytes. */
  readonly cut: number
}

/** Values that are read at each scrape. */
export interface GatewayState {
  readonly connections: number
  /** How many of them are HTTP streams. */
  readonly streams: number
  readonly users: number
  /** Sockets of operators' consoles. */
  readonly operatorSockets: number
  readonly backfills: number
  readonly heartbeatAgeMs: number
  readonly isReady: boolean
  readonly isDraining: boolean
  /** Connections that a drain has not closed yet. */
  readonly drainLeft: number
  readonly unread: UnreadState
  readonly databaseWaiting: number
  /** Whether the last fetch of the issuer's keys has failed. */
  readonly isKeyServerUnavailable: boolean
  readonly control: ControlState
}

/** The close codes of clients that are counted separately; all others have the label `other`. */
const PEER_CODES = new Set([1000, 1001, 1005, 1006, 1009])

export function createGatewayMetrics(state: () => GatewayState): GatewayMetrics {
  const group = createMetricGroup('paxyo_gateway_')
  const latency = group.histogram(
    'event_latency_seconds',
    'Time from the timestamp of an event, set before COMMIT, to its write to sockets, including clock differences.',
    LATENCY_BUCKETS_S,
  )
  const joins = group.histogram(
    'join_duration_seconds',
    'Time from a hello with a valid token to the welcome.',
    LATENCY_BUCKETS_S,
    ['mode'],
  )
  const closes = group.counter('closes_total', 'Closed connections, by close code.', ['code', 'reason'])
  const clientsAhead = group.counter(
    'clients_ahead_total',
    'Joins of clients that have received what the database does not have: rejected, or void after a while, with a snapshot.',
    ['outcome'],
  )
  for (const outcome of ['rejected', 'void']) clientsAhead.inc({ outcome }, 0)
  const rejections = group.counter('upgrades_rejected_total', 'Rejected connections: upgrades and HTTP streams.', [
    'reason',
  ])
  const busRejections = group.counter(
    'bus_messages_rejected_total',
    "Messages on users' channels that are not authentic events; the events were read from the database instead.",
  )
  const failures = group.counter(
    'authentication_failures_total',
    'Invalid tokens of browsers and invalid tickets of consoles, by whether their address was throttled.',
    ['door', 'result'],
  )
  const controlMessages = group.counter('control_messages_total', 'Messages of webhook-ingest over the bus, by type.', [
    'type',
  ])
  for (const { shape } of controlMessageSchema.options) controlMessages.inc({ type: shape.type.value }, 0)
  controlMessages.inc({ type: 'unknown' }, 0)
  const operationsDropped = group.counter(
    'operations_messages_dropped_total',
    "Messages that operators' consoles did not get, because they read too slowly.",
  )
  const orderRequests = group.counter(
    'order_requests_total',
    'Requests of clients for orders that they do not have, by type and outcome.',
    ['type', 'outcome'],
  )
  const orderReads = group.histogram(
    'order_request_duration_seconds',
    'Time to read the orders of a request that was served.',
    LATENCY_BUCKETS_S,
    ['type'],
  )
  const replicaReads = group.counter(
    'replica_reads_total',
    'Batches of reads that a replica was asked for: served by it, or by the primary, and why.',
    ['outcome'],
  )
  for (const outcome of REPLICA_OUTCOMES) replicaReads.inc({ outcome }, 0)
  group.countOf(
    'receipt_batch_retries_total',
    'Batches of receipts that were retried, because they were not stored in time.',
    () => state().control.receiptRetries,
  )
  group.countOf(
    'receipts_dropped_total',
    'Receipts that were dropped, because those of too many users waited.',
    () => state().control.receiptsDropped,
  )
  group.gauge('receipts_waiting', 'Users whose receipts wait to be sent.', () => state().control.receiptsWaiting)
  group.gauge(
    'receipts_waiting_seconds',
    'For how long receipts have been waiting to be stored; 0 to 2 is normal.',
    () => state().control.receiptsWaitingMs / 1000,
  )
  group.gauge(
    'cutoffs_age_seconds',
    'Time since revoked tokens and disconnected users were last read from the database.',
    () => state().control.cutoffsAgeMs / 1000,
  )
  group.countOf('events_sent_total', 'Events written to sockets.', () => metrics.eventsSent)
  group.countOf('backfills_total', 'Reads of events that the bus did not deliver.', () => state().backfills)
  group.gauge('connections', 'Open connections: WebSockets and HTTP streams.', () => state().connections)
  group.gauge('streams', 'Open connections that are HTTP streams.', () => state().streams)
  group.gauge('operator_sockets', "Sockets of operators' consoles.", () => state().operatorSockets)
  group.gauge('users', 'Users with at least one connection.', () => state().users)
  group.gauge(
    'pubsub_heartbeat_age_seconds',
    'Time since the last heartbeat through pub/sub arrived.',
    () => state().heartbeatAgeMs / 1000,
  )
  group.gauge(
    'pubsub_ready',
    '1 while events arrive over pub/sub. While 0, they are read from the database, and clients are delayed.',
    () => Number(state().isReady),
  )
  group.gauge('draining', '1 while draining.', () => Number(state().isDraining))
  group.gauge('drain_left', 'Connections that the drain has not closed yet.', () => state().drainLeft)
  group.gauge('unread_bytes', 'Sent bytes that clients have not read yet.', () => state().unread.bytes)
  group.gauge(
    'joins_waiting',
    'Joins that wait, because their user has too many unread bytes, or joins too often.',
    () => state().unread.joinsWaiting,
  )
  group.countOf(
    'connections_cut_total',
    'Connections that were cut because clients had too many unread bytes.',
    () => state().unread.cut,
  )
  group.gauge(
    'key_server_unavailable',
    '1 while the last fetch of the keys of JWT_JWKS_URL has failed; the last good keys are used for a day.',
    () => Number(state().isKeyServerUnavailable),
  )
  group.gauge('database_waiting', 'Queries waiting for a connection of the pool.', () => state().databaseWaiting)

  let sampledAtMs = 0

  const metrics: GatewayMetrics = {
    eventsSent: 0,
    eventForwarded(bytes) {
      // At most one sample per millisecond: every event under low load, and a bounded cost under high load.
      const nowMs = Date.now()
      if (nowMs === sampledAtMs) return
      sampledAtMs = nowMs
      const atMs = eventAtMs(bytes)
      if (!Number.isNaN(atMs)) latency.observe(Math.max(0, nowMs - atMs) / 1000)
    },
    busMessageRejected: () => busRejections.inc(),
    streamJoined: (mode, durationMs) => joins.observe({ mode }, durationMs / 1000),
    connectionClosed(reason) {
      if (typeof reason === 'string') closes.inc({ code: String(CLOSE_CODES[reason].code), reason })
      else closes.inc({ code: PEER_CODES.has(reason) ? String(reason) : 'other', reason: 'client' })
    },
    clientAhead: (isVoid) => clientsAhead.inc({ outcome: isVoid ? 'void' : 'rejected' }),
    tokenFailed: (isThrottled) => failures.inc({ door: 'hello', result: isThrottled ? 'throttled' : 'rejected' }),
    ticketFailed: (isThrottled) => failures.inc({ door: 'operations', result: isThrottled ? 'throttled' : 'rejected' }),
    controlMessage: (type) => controlMessages.inc({ type }),
    operationsMessageDropped: () => operationsDropped.inc(),
    orderRequest(type, outcome, durationMs) {
      orderRequests.inc({ type, outcome })
      if (outcome === 'served') orderReads.observe({ type }, durationMs / 1000)
    },
    replicaRead: (outcome) => replicaReads.inc({ outcome }),
    upgradeRejected: (reason) => rejections.inc({ reason }),
    register: (registry) => group.register(registry),
  }
  return metrics
}
