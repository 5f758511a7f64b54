import type { ControlMessage } from '@paxyo/contracts'
import type { EventBus } from '@paxyo/event-bus'
import { readVersion } from '@paxyo/service-kit'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { readCutoffs } from '../read/read-cutoffs.ts'
import type { PendingReceipts } from '../receipts/pending-receipts.ts'
import { startReceiptSender } from '../receipts/receipt-sender.ts'
import type { Hub } from '../stream/hub.ts'
import { openControlChannel, type GatewayAnnouncement } from './control-channel.ts'
import { watchCutoffs } from './cutoff-watch.ts'
import { createUserControl } from './user-control.ts'

export interface UserControlOptions {
  readonly pool: Pool
  readonly bus: EventBus
  readonly hub: Pick<Hub, 'listenersOf' | 'reportSent'>
  readonly receipts: PendingReceipts
  readonly log: Logger
  readonly state: () => GatewayAnnouncement
  readonly onMessage: (type: ControlMessage['type'] | 'unknown') => void
}

/** Values that are read at each scrape. */
export interface ControlState {
  readonly cutoffsAgeMs: number
  readonly receiptsWaiting: number
  readonly receiptsWaitingMs: number
  readonly receiptRetries: number
  readonly receiptsDropped: number
}

export interface RunningUserControl {
  readonly state: ControlState
  /** Sends the last receipts, and leaves the bus. */
  close(): Promise<void>
}

const HOST_NAME_CHARS_MAX = 64

/** Names this process among the gateways: a pod or a host, and what distinguishes it from one that ran there before. */
const makeGatewayId = (): string => `${hostname().slice(0, HOST_NAME_CHARS_MAX)}-${randomBytes(3).toString('hex')}`

/** Carries out what the panel decides about users' connections, and reports what users have seen. */
export function startUserControl(options: UserControlOptions): RunningUserControl {
  const { pool, bus, hub, receipts, log, state, onMessage } = options
  const now = (): number => performance.now()
  const gatewayId = makeGatewayId()
  const users = createUserControl(
    hub,
    (reason, count) => {
      if (count > 0) log.info({ reason, connections: count }, 'connections closed by the panel')
    },
    now,
  )
  const watch = watchCutoffs({
    read: (sinceMs) => readCutoffs(pool, sinceMs),
    apply: (cutoff) => users.apply(cutoff),
    revoke: (token) => users.revoke(token),
    onChange(err) {
      if (err === undefined) log.info('revoked tokens can be read again')
      else log.warn({ err }, 'revoked tokens could not be read')
    },
    now,
  })
  const channel = openControlChannel({
    bus,
    gatewayId,
    version: readVersion(),
    state,
    users,
    onReceiptsStored: (batchId) => sender.stored(batchId),
    onMessage,
    now,
  })
  const sender = startReceiptSender({
    gatewayId,
    pending: receipts,
    reportSent: () => hub.reportSent(),
    findIngest: () => channel.findIngest(),
    send: (ingestId, message) => channel.send(ingestId, message),
    now,
  })
  return {
    get state() {
      return {
        cutoffsAgeMs: watch.ageMs,
        receiptsWaiting: receipts.size,
        receiptsWaitingMs: sender.waitingMs,
        receiptRetries: sender.retries,
        receiptsDropped: receipts.dropped,
      }
    },
    async close() {
      await watch.close()
      await sender.close()
      await channel.close()
    },
  }
}
