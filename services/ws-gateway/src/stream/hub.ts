// The hub connects the bus to this process's WebSockets: one stream per connected user, one listener per connection.
//
// It guarantees that every committed event of a user reaches each of the user's listeners, although the bus delivers at
// most once. The hub may offer an event twice or early; order and duplicates are the sequencer's responsibility.
//
// - Joining: it adds the listener, subscribes, waits for the bus to acknowledge, and only then reads PostgreSQL. If the
//   read came first, an event committed between read and subscription would be in neither.
// - Gaps: it backfills from PostgreSQL, with retries, when a listener has a gap and when the bus has reconnected. Without
//   the first rule a lost event stops the stream. Without the second it is missing until the user's next event.
// - Delay: while the bus does not deliver, or webhook-ingest cannot publish to it, it reads once a second which streams went
//   on, and notifies all listeners that they are delayed. A join then does not wait for the bus. Without this, Redis would be
//   a single point of failure, and `live` a lie.
// - Epoch: when the epoch has changed, after a restore of the database or a failover that may have lost commits, it calls
//   `fail` of all listeners; their clients reconnect and get a snapshot. Otherwise the sequencers would drop the new history's
//   events as duplicates.
// - Failover: when the timeline has changed, it reads which streams went on. The start of a stream may have been read from a
//   former primary, after its later events had passed on the bus.

import { eventSeq, userChannel, type Position } from '@paxyo/contracts'
import type { EventBus, EventSubscriber } from '@paxyo/event-bus'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { History } from '../read/queries.ts'
import type { StreamReader } from '../read/stream-reader.ts'
import { createBackfiller } from './backfill.ts'
import { watchBus } from './bus-watch.ts'
import { startHeartbeat } from './heartbeat.ts'
import { watchOutbox } from './outbox-watch.ts'
import { createSentReports, type SentReport } from './sent-reports.ts'
import { createSubscriptions } from './subscriptions.ts'
import { failAll, hasGap, lowestSeq, offerAll, type Stream, type StreamListener } from './user-stream.ts'

export interface HubOptions {
  readonly bus: EventBus
  readonly reader: StreamReader
  readonly log: Logger
  /** The interval between the heartbeats that the hub sends to itself over the bus. */
  readonly heartbeatIntervalMs?: number
  /** Called for every event that a listener did not have, after it was offered, whether it came over the bus or was read. */
  readonly onForwarded?: (bytes: Uint8Array) => void
  /** Called for every message on a user's channel that is not an authentic event. */
  readonly onMessageRejected?: () => void
  /** Called with what was sent: when a connection begins, by `reportSent`, and before a connection leaves. */
  readonly onSent?: (sent: SentReport) => void
}

/** Forwards the events of the bus to the listeners of this process. */
export interface Hub {
  /**
   * Whether events arrive over the bus. While it does not deliver to this process, or webhook-ingest cannot publish to it,
   * events are read from the database, and are late.
   */
  readonly isReady: boolean
  readonly userCount: number
  /** The time since the last heartbeat arrived. */
  readonly heartbeatAgeMs: number
  /** The number of reads of missing events from the database. */
  readonly backfillCount: number
  /**
   * Subscribes, waits for the bus to acknowledge unless it is silent, reads the start of the stream, and calls the
   * listener's `begin`.
   *
   * @throws when the database is unavailable, the bus rejects the subscription, or the epoch has just changed; the
   *   listener is then removed. Does not throw after `leave`.
   */
  join(userId: string, listener: StreamListener, position: Position | undefined): Promise<void>
  leave(userId: string, listener: StreamListener): void
  /** Reports, by `onSent`, the streams of which events were sent since it was last called. */
  reportSent(): void
  /** The connections of a user, including those that still join. */
  listenersOf(userId: string): readonly StreamListener[]
  /**
   * Reads the epoch from the database. When it has changed, all listeners fail.
   *
   * @throws when the database is unavailable.
   */
  checkEpoch(): Promise<void>
  /**
   * Also reads the timeline. At the first checks, and at those after a change of the timeline, listeners receive what they miss.
   *
   * @throws when the database is unavailable.
   */
  checkHistory(): Promise<void>
  close(): Promise<void>
}

/** How long the first connection to the bus may take before the gateway serves without it. */
const CONNECT_TIMEOUT_MS = 2_000
/** The number of checks at which streams are read after a failover: until then, the former primary may have been read. */
const CHECKS_AFTER_FAILOVER = 5

export function createHub(options: HubOptions): Hub {
  const { bus, reader, log, heartbeatIntervalMs, onForwarded, onMessageRejected, onSent } = options
  /** The streams of the connected users, by channel. */
  const streams = new Map<string, Stream>()
  /** Counts reconnects of the bus. When one happens while a listener joins, the listener may have missed events. */
  let restores = 0
  const startedAt = performance.now()
  /** Whether the bus has been connected. */
  let wasReady = false
  /** The epoch of all listeners. */
  let epoch: string | undefined
  let timeline: number | undefined
  let catchUpsLeft = 0
  /** Read once, because it is used for each event. */
  const isDebugEnabled = log.isLevelEnabled('debug')

  const reports = createSentReports(() => epoch, onSent)

  /** A message that is not an authentic event may stand for one, which is read from the database. */
  function onRejected(channel: string): void {
    onMessageRejected?.()
    const stream = streams.get(channel)
    if (stream !== undefined) void backfill(stream)
  }

  const subscriber: EventSubscriber = bus.connectSubscriber({
    onMessage(channel, payload) {
      if (channel === heartbeat.channel) return heartbeat.received(payload)
      const stream = streams.get(channel)
      const seq = eventSeq(payload)
      if (stream === undefined) return
      if (seq === 0) return onRejected(channel)
      if (offerAll(stream, seq, payload)) onForwarded?.(payload)
      reports.mark(stream)
      if (isDebugEnabled) log.debug({ userId: stream.userId, seq }, 'event forwarded')
      if (hasGap(stream)) void backfill(stream)
    },
    onRejected,
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

  const backfiller = createBackfiller({ reader, log, onOffered: reports.mark, onForwarded })
  const backfill = (stream: Stream): Promise<void> => backfiller.backfill(stream)

  const delivers = (): boolean => subscriber.isReady && heartbeat.isAlive

  /** At the start, connecting takes a moment, for which joins wait. */
  function mayDeliver(): boolean {
    wasReady ||= subscriber.isReady
    return delivers() || (!wasReady && performance.now() - startedAt < CONNECT_TIMEOUT_MS)
  }

  /** Reads which streams went on, and backfills these. */
  async function catchUp(): Promise<void> {
    const begun = [...streams.values()]
      .map((stream) => ({ userId: stream.userId, seq: lowestSeq(stream) }))
      .filter(({ seq }) => seq !== Infinity)
    const behind = await reader.behind(begun)
    await Promise.all(
      behind.flatMap((userId) => {
        const stream = streams.get(userChannel(userId))
        return stream === undefined ? [] : [backfill(stream)]
      }),
    )
  }

  const outbox = watchOutbox({
    readBatchIds: (max) => reader.batchIds(max),
    isNeeded: () => streams.size > 0,
    onError: (err) => log.warn({ err }, 'outbox could not be read'),
  })

  const watch = watchBus({
    isDelivering: () => mayDeliver() && !outbox.isStuck,
    catchUp,
    onChange() {
      const fields = { users: streams.size, isBusSilent: !delivers(), isOutboxStuck: outbox.isStuck }
      if (watch.delayedSinceMs === undefined) log.info(fields, 'events no longer delayed')
      else log.warn(fields, 'events delayed, reading from the database')
      for (const stream of streams.values()) announceDelay(stream)
    },
    onError: (err) => log.warn({ err }, 'streams could not be read while events are delayed'),
  })

  const delayOf = (stream: Stream): number | undefined => watch.delayedSinceMs ?? stream.unsubscribedSinceMs

  function announceDelay(stream: Stream): void {
    const delay = delayOf(stream)
    // The others receive it when they begin.
    for (const listener of stream.listeners) if (listener.lastSeq !== undefined) listener.setDelay(delay)
  }

  const subscribe = createSubscriptions({
    subscriber,
    delivers,
    orSilence: (promise) => watch.orSilence(promise),
    isOpen: (stream) => streams.get(userChannel(stream.userId)) === stream,
    backfill,
    onCaughtUp: announceDelay,
  })

  async function checkEpoch(): Promise<History> {
    const epochBefore = epoch
    const history = await reader.history()
    acceptEpoch(history.epoch, epochBefore)
    return history
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
      reports.reportAll()
      for (const stream of streams.values()) failAll(stream)
    }
    epoch = current
    return true
  }

  function open(userId: string): Stream {
    const stream: Stream = {
      userId,
      listeners: new Set(),
      isSubscribed: false,
      unsubscribedSinceMs: undefined,
      sentAt: undefined,
      backfilling: undefined,
      backfillAgain: false,
    }
    streams.set(userChannel(userId), stream)
    return stream
  }

  function leave(userId: string, listener: StreamListener): void {
    const channel = userChannel(userId)
    const stream = streams.get(channel)
    if (stream === undefined || !stream.listeners.has(listener)) return
    reports.report(stream)
    stream.listeners.delete(listener)
    if (stream.listeners.size > 0) return
    streams.delete(channel)
    subscriber.unsubscribe(channel)
  }

  return {
    get isReady() {
      return watch.delayedSinceMs === undefined && delivers()
    },
    get heartbeatAgeMs() {
      return heartbeat.ageMs
    },
    get backfillCount() {
      return backfiller.count
    },
    get userCount() {
      return streams.size
    },
    async join(userId, listener, position) {
      const stream = streams.get(userChannel(userId)) ?? open(userId)
      // From here on the listener is offered events; it holds them until `begin`.
      stream.listeners.add(listener)
      try {
        await subscribe(stream)
        const wasSubscribed = stream.isSubscribed
        const restoresBefore = restores
        const epochBefore = epoch
        const start = await reader.start(userId, position, () => stream.listeners.has(listener), listener.tokenId)
        if (!acceptEpoch(start.epoch, epochBefore)) throw new Error('the epoch changed while the stream was read')
        if (!stream.listeners.has(listener)) return
        listener.setDelay(delayOf(stream))
        // Before it counts as one of the connections that these events were sent to.
        reports.report(stream)
        listener.begin(start)
        const seq = listener.lastSeq!
        if (stream.listeners.has(listener) && seq > 0) {
          onSent?.({ userId, epoch: start.epoch, seq, connections: 1, isLive: false, at: performance.now() })
        }
        if (!wasSubscribed || restores !== restoresBefore || listener.hasGap) void backfill(stream)
      } catch (error) {
        if (!stream.listeners.has(listener)) return
        leave(userId, listener)
        throw error
      }
    },
    leave,
    reportSent: reports.reportAll,
    listenersOf: (userId) => [...(streams.get(userChannel(userId))?.listeners ?? [])],
    async checkEpoch() {
      await checkEpoch()
    },
    async checkHistory() {
      const { timeline: current } = await checkEpoch()
      if (current !== timeline) {
        if (timeline !== undefined) {
          log.warn({ timeline: current, users: streams.size }, 'PostgreSQL was promoted, reading which streams went on')
        }
        timeline = current
        catchUpsLeft = CHECKS_AFTER_FAILOVER
      }
      if (catchUpsLeft === 0) return
      if (streams.size > 0) await catchUp()
      catchUpsLeft -= 1
    },
    async close() {
      watch.stop()
      outbox.stop()
      heartbeat.stop()
      await Promise.all([subscriber.close(), publisher.close()])
    },
  }
}
