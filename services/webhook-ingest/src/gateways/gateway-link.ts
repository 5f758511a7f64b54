/**
 * The link to the gateways, over the bus: asks all of them, knows which there are, and takes in their receipts.
 *
 * It guarantees that a response says what it covers. Gateways announce themselves every two seconds; one that was
 * silent for seven is gone. A request waits until every known gateway has responded, and at most a second. The result has
 * the number of known gateways and of those that responded, so that an incomplete one is never taken for a complete one.
 * While messages do not arrive at this process at all, which it checks by messages to itself, requests are rejected.
 *
 * There is no state that could become stale: who is connected is known by the gateways alone, and asked when needed.
 */

import {
  CONTROL_CHANNEL,
  GATEWAYS_CHANNEL,
  gatewayMessageSchema,
  ingestChannel,
  parseBusMessage,
  type AnnouncedSecret,
  type ConnectionReport,
  type ControlMessage,
  type GatewayMessage,
  type ReceiptsMessage,
} from '@paxyo/contracts'
import type { EventBus } from '@paxyo/event-bus'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'

export interface GatewayLinkOptions {
  readonly bus: EventBus
  /** Stores the receipts of a gateway. */
  readonly storeReceipts: (message: ReceiptsMessage) => Promise<void>
  readonly log: Logger
  readonly now: () => number
}

/** A gateway, as it announced itself. */
export interface KnownGateway {
  readonly gatewayId: string
  readonly connections: number
  readonly users: number
  /** Its release; null for one that does not report it. */
  readonly version: string | null
  /** How long a message over the bus took it last; null until then. */
  readonly busMs: number | null
}

/** The last announcement of a gateway. */
interface Announcement {
  readonly gateway: KnownGateway
  readonly secrets: readonly AnnouncedSecret[]
  readonly receivedAt: number
}

/** A user's connection and its gateway. */
export interface GatewayConnection extends ConnectionReport {
  readonly gatewayId: string
}

export interface GatewayResponses {
  readonly connections: readonly GatewayConnection[]
  readonly gateways: { readonly known: number; readonly responded: number }
}

type Request =
  | Omit<Extract<ControlMessage, { type: 'cutoff' }>, 'ingestId' | 'requestId'>
  | Omit<Extract<ControlMessage, { type: 'revoked_token' }>, 'ingestId' | 'requestId'>
  | Omit<Extract<ControlMessage, { type: 'connections' }>, 'ingestId' | 'requestId'>

export interface GatewayLink {
  /** Whether messages of the bus arrive at this process. */
  readonly isReady: boolean
  /** The gateways whose messages were received recently. */
  readonly gateways: readonly KnownGateway[]
  /** The secrets that these accept, for owners. */
  readonly gatewaySecrets: readonly { readonly gatewayId: string; readonly secrets: readonly AnnouncedSecret[] }[]
  /** Sends a request to every gateway. @returns undefined when the bus does not deliver. */
  ask(request: Request): Promise<GatewayResponses | undefined>
  close(): Promise<void>
}

const ANNOUNCE_INTERVAL_MS = 2_000
const SILENCE_MS_MAX = 7_000
const RESPONSE_TIMEOUT_MS = 1_000
/** After a silence of this length the connection is replaced: it may look healthy. */
const RECONNECT_AFTER_MS = 12_000

interface Asked {
  readonly missing: Set<string>
  readonly responded: Set<string>
  readonly connections: GatewayConnection[]
  readonly complete: () => void
}

export function openGatewayLink({ bus, storeReceipts, log, now }: GatewayLinkOptions): GatewayLink {
  const ingestId = randomUUID()
  const ownChannel = ingestChannel(ingestId)
  const gateways = new Map<string, Announcement>()
  const asked = new Map<string, Asked>()
  /** When a message of this process to itself arrived last. */
  let pulsedAt = -Infinity
  let replacedAt = now()
  let isClosed = false

  // Apart from that of the events, whose batches are large.
  const publisher = bus.connectPublisher()
  const subscriber = bus.connectSubscriber({
    onMessage(_channel, payload) {
      if (payload.length === 0) return pulsed()
      const message = parseBusMessage(gatewayMessageSchema, payload.toString())
      if (message !== undefined) handle(message)
    },
    onRestored: announce,
  })

  function pulsed(): void {
    pulsedAt = now()
  }

  /** A lost message is repeated, or its gateway is reported as missing. */
  async function publish(message: ControlMessage): Promise<boolean> {
    const payload = JSON.stringify(message)
    try {
      await publisher.publish([{ channel: CONTROL_CHANNEL, payload }])
      return true
    } catch {
      return false
    }
  }

  function announce(): void {
    void publish({ type: 'ingest', ingestId })
    publisher.publish([{ channel: ownChannel, payload: '' }]).catch(() => undefined)
    if (now() - Math.max(pulsedAt, replacedAt) < RECONNECT_AFTER_MS || !subscriber.isReady) return
    replacedAt = now()
    subscriber.reconnect()
  }

  function handle(message: GatewayMessage): void {
    const { gatewayId } = message
    switch (message.type) {
      case 'gateway': {
        const { connections, users, version = null, busMs = null, secrets = [] } = message
        if (!gateways.has(gatewayId)) announce()
        const gateway = { gatewayId, connections, users, version, busMs }
        gateways.set(gatewayId, { gateway, secrets, receivedAt: now() })
        return
      }
      case 'gateway_closed':
        gateways.delete(gatewayId)
        for (const request of asked.values()) settle(request, gatewayId)
        return
      case 'response': {
        const request = asked.get(message.requestId)
        if (request === undefined || request.responded.has(gatewayId)) return
        request.responded.add(gatewayId)
        request.connections.push(...message.connections.map((report) => ({ gatewayId, ...report })))
        return settle(request, gatewayId)
      }
      case 'receipts':
        return void store(message)
    }
  }

  function settle(request: Asked, gatewayId: string): void {
    request.missing.delete(gatewayId)
    if (request.missing.size === 0) request.complete()
  }

  async function store(message: ReceiptsMessage): Promise<void> {
    try {
      await storeReceipts(message)
      const { gatewayId, batchId } = message
      await publish({ type: 'receipts_stored', gatewayId, batchId })
    } catch (err) {
      // The gateway sends them again.
      if (!isClosed) log.warn({ err, gatewayId: message.gatewayId }, 'receipts could not be stored')
    }
  }

  function known(): Announcement[] {
    for (const [gatewayId, { receivedAt }] of gateways) {
      if (now() - receivedAt > SILENCE_MS_MAX) gateways.delete(gatewayId)
    }
    return [...gateways.values()]
  }

  async function ask(request: Request): Promise<GatewayResponses | undefined> {
    if (!link.isReady) {
      // It may only be this process that receives nothing: the gateways act on it, and no response arrives.
      void publish({ ...request, ingestId, requestId: randomUUID() })
      return undefined
    }
    const requestId = randomUUID()
    const missing = new Set(known().map(({ gateway }) => gateway.gatewayId))
    const knownCount = missing.size
    const completed = Promise.withResolvers<void>()
    const state: Asked = { missing, responded: new Set(), connections: [], complete: completed.resolve }
    asked.set(requestId, state)
    const timer = setTimeout(completed.resolve, RESPONSE_TIMEOUT_MS)
    try {
      if (!(await publish({ ...request, ingestId, requestId }))) return undefined
      if (missing.size > 0) await completed.promise
      const { connections, responded } = state
      return { connections, gateways: { known: Math.max(knownCount, responded.size), responded: responded.size } }
    } finally {
      clearTimeout(timer)
      asked.delete(requestId)
    }
  }

  // Each may connect last, and the link is ready with the first message that this process receives from itself.
  publisher.onReady(announce)
  for (const channel of [ownChannel, GATEWAYS_CHANNEL]) subscriber.subscribe(channel).then(announce, () => undefined)
  const timer = setInterval(announce, ANNOUNCE_INTERVAL_MS)

  const link: GatewayLink = {
    get isReady() {
      return subscriber.isReady && now() - pulsedAt <= SILENCE_MS_MAX
    },
    get gateways() {
      return known().map(({ gateway }) => gateway)
    },
    get gatewaySecrets() {
      return known().map(({ gateway: { gatewayId }, secrets }) => ({ gatewayId, secrets }))
    },
    ask,
    async close() {
      isClosed = true
      clearInterval(timer)
      await Promise.all([subscriber.close(), publisher.close()])
    },
  }
  return link
}
