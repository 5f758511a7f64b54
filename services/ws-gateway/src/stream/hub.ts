// The hub connects the bus to this process's WebSockets: one stream per connected user, one listener per connection.
//
// It guarantees that every committed event of a user reaches each of the user's listeners, although the bus delivers at
// most once. The hub may offer an event twice or early; order and duplicates are the sequencer's responsibility.
//
// - Joining: it adds the listener, subscribes, waits for the bus to acknowledge, and only then reads PostgreSQL. If the
//   read came first, an event committed between read and subscription would be in neither.
// - Gaps: it backfills from PostgreSQL, with retries, when a listener has a gap and when the bus has reconnected. Without
//   the former a lost event stops the stream; without the latter it is missing until the user's next event.
// - Epoch: when the database was restored, it fails all listeners, and their clients reconnect and get a snapshot.
//   Otherwise the sequencers would drop the new history's events as duplicates.

import { eventSeq, userChannel, type Position } from '@paxyo/contracts'
import type { EventBus, EventSubscriber } from '@paxyo/event-bus'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { EVENTS_MAX, type StreamReader, type StreamStart } from '../read/stream-reader.ts'
import { startHeartbeat } from './heartbeat.ts'

/** Receives a user's stream. */
export interface StreamListener {
  /** The seq of the last event that its client has; `undefined` before `begin`. */
  readonly lastSeq: number | undefined
  /** Whether it holds events that it can't forward before it gets the missing ones. */
  readonly hasGap: boolean
  /** Sets where its stream starts; events may have been offered before. */
  begin(start: StreamStart): void
  offer(seq: number, bytes: Buffer): void
  /** Its stream can't continue; the client must reconnect. */
  fail(): void
}

export interface HubOptions {
  readonly bus: EventBus
  readonly reader: StreamReader
  readonly log: Logger
  /** The interval between the heartbeats that the hub sends to itself over the bus. */
  readonly heartbeatIntervalMs?: number
  /** Called for every event after it was offered to its listeners. */
  readonly onForwarded?: (bytes: Uint8Array) => void
}

/** Forwards the events of the bus to the listeners of this process. */
export interface Hub {
  /** Whether published messages arrive here. */
  readonly isReady: boolean
  readonly userCount: number
  /** The time since the last heartbeat arrived. */
  readonly heartbeatAgeMs: number
  /** The number of reads of missing events from the database. */
  readonly backfillCount: number
  /**
   * Subscribes, waits for the bus to acknowledge, reads the start of the stream, and calls the listener's `begin`.
   *
   * @throws when the bus or the database is unavailable; the listener is then removed. Does not throw after `leave`.
   */
  join(userId: string, listener: StreamListener, position: Position | undefined): Promise<void>
  leave(userId: string, listener: StreamListener): void
  /**
   * Reads the epoch from the database. When it has changed, because the database was restored, all listeners fail.
   *
   * @throws when the database is unavailable.
   */
  checkEpoch(): Promise<void>
  close(): Promise<void>
}

interface Stream {
  readonly userId: string
  readonly listeners: Set<StreamListener>
  isBackfilling: boolean
  /** Events may have been missed since the current backfill began. */
  backfillAgain: boolean
}

/** With these delays the retries take 25 s: the database may be restarting. */
const BACKFILL_ATTEMPTS_MAX = 16
const BACKFILL_RETRY_DELAY_MS = 100
const BACKFILL_RETRY_DELAY_MS_MAX = 2_000

export function createHub({ bus, reader, log, heartbeatIntervalMs, onForwarded }: HubOptions): Hub {
  /** The streams of the connected users, by channel. */
  const streams = new Map<string, Stream>()
  /** How often the bus has reconnected. When this changes while a listener joins, the listener may have missed events. */
  let restores = 0
  let backfillCount = 0
  /** The epoch of all listeners. */
  let epoch: string | undefined
  /** Read once, because it is used for each event. */
  const isDebugEnabled = log.isLevelEnabled('debug')

  const subscriber: EventSubscriber = bus.connectSubscriber({
    onMessage(channel, payload) {
      if (channel === heartbeat.channel) return heartbeat.received()
      const stream = streams.get(channel)
      const seq = eventSeq(payload)
      if (stream === undefined || seq === 0) return
      for (const listener of stream.listeners) listener.offer(seq, payload)
      onForwarded?.(payload)
      if (isDebugEnabled) log.debug({ userId: stream.userId, seq }, 'event forwarded')
      if (hasGap(stream)) void backfill(stream)
    },
    onRestored() {
      restores += 1
      log.warn({ users: streams.size }, 'bus reconnected, backfilling streams')
      for (const stream of streams.values()) void backfill(stream)
    },
  })

  const publisher = bus.connectPublisher()
  const heartbeat = startHeartbeat({
    publisher,
    subscriber,
    gatewayId: randomUUID(),
    now: () => performance.now(),
    ...(heartbeatIntervalMs === undefined ? {} : { intervalMs: heartbeatIntervalMs }),
  })

  /**
   * Reads the events that a stream's listeners may have missed. When it is called for thousands of streams at once, the
   * reader combines them into a few queries.
   */
  async function backfill(stream: Stream): Promise<void> {
    if (stream.isBackfilling) {
      stream.backfillAgain = true
      return
    }
    stream.isBackfilling = true
    try {
      let failures = 0
      do {
        stream.backfillAgain = false
        const result = await backfillOnce(stream)
        if (result === 'more') stream.backfillAgain = true
        if (result !== 'failed') continue
        failures += 1
        if (failures === BACKFILL_ATTEMPTS_MAX) return failAll(stream)
        await sleep(Math.min(BACKFILL_RETRY_DELAY_MS * 2 ** failures, BACKFILL_RETRY_DELAY_MS_MAX))
        stream.backfillAgain = true
      } while (stream.backfillAgain)
    } finally {
      stream.isBackfilling = false
    }
  }

  /** Fails the listeners that have begun. The others are still joining, and `join` handles their errors. */
  function failAll(stream: Stream): void {
    for (const listener of stream.listeners) if (listener.lastSeq !== undefined) listener.fail()
  }

  /**
   * Adopts an epoch that was read from the database; when it has changed, all listeners fail.
   *
   * @param epochBefore the known epoch when the read began.
   * @returns false when the known epoch has changed since the read began: this result may be outdated and is ignored.
   */
  function acceptEpoch(current: string, epochBefore: string | undefined): boolean {
    if (current === epoch) return true
    if (epochBefore !== epoch) return false
    if (epoch !== undefined) {
      log.warn({ users: streams.size, epoch: current }, 'epoch changed, closing all streams')
      for (const stream of streams.values()) failAll(stream)
    }
    epoch = current
    return true
  }

  /**
   * @returns `complete` when every listener has all committed events, `more` to continue immediately, `failed` to retry
   * later.
   */
  async function backfillOnce(stream: Stream): Promise<'complete' | 'more' | 'failed'> {
    const since = lowestSeq(stream)
    if (since === Infinity) return 'complete'
    backfillCount += 1
    try {
      const events = await reader.eventsSince(stream.userId, since)
      for (const { seq, bytes } of events) for (const listener of stream.listeners) listener.offer(seq, bytes)
      if (!hasGap(stream)) return events.length === EVENTS_MAX ? 'more' : 'complete'
      // Another gap may have opened during this backfill; or the missing events are not in the database.
      return lowestSeq(stream) > since ? 'more' : 'failed'
    } catch (error) {
      log.warn({ err: error, userId: stream.userId }, 'backfill failed')
      return 'failed'
    }
  }

  function open(userId: string): Stream {
    const stream: Stream = { userId, listeners: new Set(), isBackfilling: false, backfillAgain: false }
    streams.set(userChannel(userId), stream)
    return stream
  }

  function leave(userId: string, listener: StreamListener): void {
    const channel = userChannel(userId)
    const stream = streams.get(channel)
    if (stream === undefined || !stream.listeners.delete(listener) || stream.listeners.size > 0) return
    streams.delete(channel)
    subscriber.unsubscribe(channel)
  }

  return {
    get isReady() {
      return subscriber.isReady && heartbeat.isAlive
    },
    get heartbeatAgeMs() {
      return heartbeat.ageMs
    },
    get backfillCount() {
      return backfillCount
    },
    get userCount() {
      return streams.size
    },
    async join(userId, listener, position) {
      const stream = streams.get(userChannel(userId)) ?? open(userId)
      // From here on the listener is offered events; it holds them until `begin`.
      stream.listeners.add(listener)
      try {
        await subscriber.subscribe(userChannel(userId))
        const restoresBefore = restores
        const epochBefore = epoch
        const start = await reader.start(userId, position, () => stream.listeners.has(listener))
        if (!acceptEpoch(start.epoch, epochBefore)) throw new Error('the epoch changed while the stream was read')
        if (!stream.listeners.has(listener)) return
        listener.begin(start)
        if (restores !== restoresBefore || listener.hasGap) void backfill(stream)
      } catch (error) {
        if (!stream.listeners.has(listener)) return
        leave(userId, listener)
        throw error
      }
    },
    leave,
    async checkEpoch() {
      const epochBefore = epoch
      acceptEpoch(await reader.epoch(), epochBefore)
    },
    async close() {
      heartbeat.stop()
      await Promise.all([subscriber.close(), publisher.close()])
    },
  }
}

/** The lowest `lastSeq` of the listeners; `Infinity` when none has begun. */
function lowestSeq({ listeners }: Stream): number {
  return Math.min(...[...listeners].flatMap(({ lastSeq }) => lastSeq ?? []))
}

function hasGap(stream: Stream): boolean {
  for (const listener of stream.listeners) if (listener.hasGap) return true
  return false
}
