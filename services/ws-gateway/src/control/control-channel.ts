import {
  CONTROL_CHANNEL,
  controlMessageSchema,
  GATEWAYS_CHANNEL,
  ingestChannel,
  parseBusMessage,
  type AnnouncedSecret,
  type ConnectionReport,
  type ControlMessage,
  type GatewayMessage,
} from '@paxyo/contracts'
import type { EventBus, EventSubscriber } from '@paxyo/event-bus'
import { startHeartbeat } from '../stream/heartbeat.ts'
import type { UserControl } from './user-control.ts'

/** What a gateway announces about itself. */
export interface GatewayAnnouncement {
  readonly connections: number
  readonly users: number
  readonly secrets: AnnouncedSecret[]
}

export interface ControlChannelOptions {
  readonly bus: EventBus
  readonly gatewayId: string
  /** The release. */
  readonly version: string
  readonly state: () => GatewayAnnouncement
  readonly users: UserControl
  readonly onReceiptsStored: (batchId: string) => void
  readonly onMessage: (type: ControlMessage['type'] | 'unknown') => void
  readonly now: () => number
}

export interface ControlChannel {
  /** A process of webhook-ingest whose messages were received recently, and when there are several, any of them. */
  findIngest(): string | undefined
  /** Sends a message to one process of webhook-ingest. It may be lost. */
  send(ingestId: string, message: GatewayMessage): Promise<void>
  close(): Promise<void>
}

const ANNOUNCE_INTERVAL_MS = 2_000
/**
 * Older disconnects are not carried out: somebody with the password of the bus may repeat a signed message, long after a
 * gateway has forgotten it. A gateway whose clock is off by more reads new ones from the database.
 */
const DISCONNECT_AGE_MS_MAX = 300_000
/** A process of webhook-ingest without a message for this long is gone. */
const INGEST_SILENCE_MS_MAX = 7_000
const HEARTBEAT_INTERVAL_MS = 1_000

/** Receives the control messages of webhook-ingest, responds to them, and announces this gateway. */
export function openControlChannel(options: ControlChannelOptions): ControlChannel {
  const { bus, gatewayId, version, state, users, onReceiptsStored, onMessage, now } = options
  /** When each process of webhook-ingest last sent a message. */
  const ingests = new Map<string, number>()

  const subscriber: EventSubscriber = bus.connectSubscriber({
    onMessage(channel, payload) {
      if (channel === heartbeat.channel) return heartbeat.received(payload)
      const message = parseBusMessage(controlMessageSchema, payload.toString())
      onMessage(message?.type ?? 'unknown')
      if (message !== undefined) handle(message)
    },
    onRestored: announce,
  })
  const publisher = bus.connectPublisher()
  const heartbeat = startHeartbeat({
    publisher,
    subscriber,
    gatewayId: `${gatewayId}:control`,
    now,
    intervalMs: HEARTBEAT_INTERVAL_MS,
  })

  /** A message that is lost is retried, or is not needed. */
  const publish = (channel: string, message: GatewayMessage): Promise<void> =>
    publisher.publish([{ channel, payload: JSON.stringify(message) }]).catch(() => undefined)

  function announce(): void {
    const { roundTripMs } = heartbeat
    void publish(GATEWAYS_CHANNEL, {
      type: 'gateway',
      gatewayId,
      ...state(),
      version,
      ...(roundTripMs === undefined ? {} : { busMs: roundTripMs }),
    })
  }

  function respond(
    { ingestId, requestId }: { readonly ingestId: string; readonly requestId: string },
    connections: ConnectionReport[],
  ): void {
    void publish(ingestChannel(ingestId), { type: 'response', gatewayId, requestId, connections })
  }

  function handle(message: ControlMessage): void {
    switch (message.type) {
      case 'ingest':
        // A new process waits for the gateways.
        if (!ingests.has(message.ingestId)) announce()
        ingests.set(message.ingestId, now())
        return
      case 'cutoff': {
        const { userId, tokensIssuedBefore } = message
        const disconnectedAtMs = message.disconnectedAt === null ? -Infinity : Date.parse(message.disconnectedAt)
        const isRecent = Math.abs(Date.now() - disconnectedAtMs) <= DISCONNECT_AGE_MS_MAX
        const cutoff = {
          userId,
          tokensIssuedBeforeMs: tokensIssuedBefore === null ? undefined : Date.parse(tokensIssuedBefore),
          disconnectedAtMs: isRecent ? disconnectedAtMs : undefined,
        }
        return respond(message, users.apply(cutoff))
      }
      case 'revoked_token':
        return respond(message, users.revoke({ userId: message.userId, tokenId: message.jti }))
      case 'connections':
        return respond(message, users.connectionsOf(message.userId))
      case 'receipts_stored':
        if (message.gatewayId === gatewayId) onReceiptsStored(message.batchId)
    }
  }

  function findIngest(): string | undefined {
    for (const [ingestId, receivedAt] of ingests)
      if (now() - receivedAt > INGEST_SILENCE_MS_MAX) ingests.delete(ingestId)
    return [...ingests.keys()][Math.floor(Math.random() * ingests.size)]
  }

  publisher.onReady(announce)
  subscriber.subscribe(CONTROL_CHANNEL).then(announce, () => undefined)
  const timer = setInterval(announce, ANNOUNCE_INTERVAL_MS)

  return {
    findIngest,
    send: (ingestId, message) => publish(ingestChannel(ingestId), message),
    async close() {
      clearInterval(timer)
      heartbeat.stop()
      await publish(GATEWAYS_CHANNEL, { type: 'gateway_closed', gatewayId })
      await Promise.all([subscriber.close(), publisher.close()])
    },
  }
}
