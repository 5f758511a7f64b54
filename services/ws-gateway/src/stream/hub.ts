import { eventSeq, userChannel, type Position } from '@paxyo/contracts'
import type { EventBus, EventSubscriber } from '@paxyo/event-bus'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { EVENTS_MAX, type StreamReader, type StreamStart } from '../read/stream-reader.ts'
import { startProbe } from './probe.ts'

/** Somebody who follows a user's stream. */
export interface Follower {
  /** The seq it has; `undefined` before it was told where its stream starts. */
  readonly lastSeq: number | undefined
  /** Whether it holds events that it can't pass on before it gets those that are missing. */
  readonly hasGap: boolean
  /** Where its stream starts; events may have been offered before. */
  begin(start: StreamStart): void
  offer(seq: number, bytes: Buffer): void
  /** Its stream can't go on; it must come back and start again. */
  fail(): void
}

export interface HubOptions {
  readonly bus: EventBus
  readonly reader: StreamReader
  readonly log: Logger
  /** How often the hub sends itself a message over the bus. */
  readonly probeIntervalMs?: number
  /** Told of every event once its followers were offered it. */
  readonly onForwarded?: (bytes: Uint8Array) => void
}

/** Joins the bus's events of users to the followers of this process. */
export interface Hub {
  /** Whether what is published arrives here. */
  readonly isReady: boolean
  readonly userCount: number
  /** How long ago a message that it sent to itself over the bus came back. */
  readonly probeAgeMs: number
  /** How often missing events were read from the database. */
  readonly fillCount: number
  /**
   * Subscribes, waits for the bus to acknowledge it, reads what came before, and lets the follower begin.
   *
   * @throws when the bus or the database can't be reached; the follower has left then. Not when it left by itself.
   */
  join(userId: string, follower: Follower, position: Position | undefined): Promise<void>
  leave(userId: string, follower: Follower): void
  /**
   * Asks the database for its epoch. After a restore seqs begin anew, and followers of the old history must come back.
   *
   * @throws when the database can't be reached.
   */
  checkEpoch(): Promise<void>
  close(): Promise<void>
}

interface Stream {
  readonly userId: string
  readonly followers: Set<Follower>
  /** Set while missing events are being read. */
  isFilling: boolean
  /** Something may have been missed since the reading began. */
  fillAgain: boolean
}

/** Half a minute in all: the database may be restarting. */
const FILL_ATTEMPTS_MAX = 16
const FILL_RETRY_DELAY_MS = 100
const FILL_RETRY_DELAY_MS_MAX = 2_000

export function createHub({ bus, reader, log, probeIntervalMs, onForwarded }: HubOptions): Hub {
  /** By the channels that the bus names. */
  const streams = new Map<string, Stream>()
  /** How often the bus has come back; a follower that has seen it come back may have missed something. */
  let restores = 0
  let fillCount = 0
  /** That of everybody who follows a stream. */
  let epoch: string | undefined
  /** Asked once: a line for each event is for a quiet system. */
  const isTracing = log.isLevelEnabled('debug')

  const subscriber: EventSubscriber = bus.connectSubscriber({
    onMessage(channel, payload) {
      if (channel === probe.channel) return probe.received()
      const stream = streams.get(channel)
      const seq = eventSeq(payload)
      if (stream === undefined || seq === 0) return
      for (const follower of stream.followers) follower.offer(seq, payload)
      onForwarded?.(payload)
      if (isTracing) log.debug({ userId: stream.userId, seq }, 'event forwarded')
      if (hasGap(stream)) void fill(stream)
    },
    onRestored() {
      restores += 1
      log.warn({ users: streams.size }, 'the bus is back, catching everybody up')
      for (const stream of streams.values()) void fill(stream)
    },
  })

  const publisher = bus.connectPublisher()
  const probe = startProbe({
    publisher,
    subscriber,
    gatewayId: randomUUID(),
    now: () => performance.now(),
    ...(probeIntervalMs === undefined ? {} : { intervalMs: probeIntervalMs }),
  })

  /**
   * Reads what a stream's followers may have missed. Called for thousands of streams at once, the reader answers them
   * with a few queries.
   */
  async function fill(stream: Stream): Promise<void> {
    if (stream.isFilling) {
      stream.fillAgain = true
      return
    }
    stream.isFilling = true
    try {
      let failures = 0
      do {
        stream.fillAgain = false
        const filled = await fillOnce(stream)
        if (filled === 'more') stream.fillAgain = true
        if (filled !== 'failed') continue
        failures += 1
        if (failures === FILL_ATTEMPTS_MAX) return failAll(stream)
        await sleep(Math.min(FILL_RETRY_DELAY_MS * 2 ** failures, FILL_RETRY_DELAY_MS_MAX))
        stream.fillAgain = true
      } while (stream.fillAgain)
    } finally {
      stream.isFilling = false
    }
  }

  function failAll(stream: Stream): void {
    for (const follower of stream.followers) if (follower.lastSeq !== undefined) follower.fail()
  }

  /**
   * What the database says of its epoch, whoever has asked for it.
   *
   * @param askedIn the epoch that was known when it was asked.
   * @returns false when another one was learned since: this answer may be the older one, and counts for nothing.
   */
  function epochIs(current: string, askedIn: string | undefined): boolean {
    if (current === epoch) return true
    if (askedIn !== epoch) return false
    if (epoch !== undefined) {
      log.warn({ users: streams.size, epoch: current }, 'the database was restored, everybody must come back')
      for (const stream of streams.values()) failAll(stream)
    }
    epoch = current
    return true
  }

  /** @returns `complete` when every follower has all that there is. */
  async function fillOnce(stream: Stream): Promise<'complete' | 'more' | 'failed'> {
    const since = lowestSeq(stream)
    if (since === Infinity) return 'complete'
    fillCount += 1
    try {
      const events = await reader.eventsSince(stream.userId, since)
      for (const { seq, bytes } of events) for (const follower of stream.followers) follower.offer(seq, bytes)
      if (!hasGap(stream)) return events.length === EVENTS_MAX ? 'more' : 'complete'
      // Another gap may have opened while this one was being filled; or what is missing is not there.
      return lowestSeq(stream) > since ? 'more' : 'failed'
    } catch (error) {
      log.warn({ err: error, userId: stream.userId }, 'missing events could not be read')
      return 'failed'
    }
  }

  function open(userId: string): Stream {
    const stream: Stream = { userId, followers: new Set(), isFilling: false, fillAgain: false }
    streams.set(userChannel(userId), stream)
    return stream
  }

  function leave(userId: string, follower: Follower): void {
    const channel = userChannel(userId)
    const stream = streams.get(channel)
    if (stream === undefined || !stream.followers.delete(follower) || stream.followers.size > 0) return
    streams.delete(channel)
    subscriber.unsubscribe(channel)
  }

  return {
    get isReady() {
      return subscriber.isReady && probe.isAlive
    },
    get probeAgeMs() {
      return probe.ageMs
    },
    get fillCount() {
      return fillCount
    },
    get userCount() {
      return streams.size
    },
    async join(userId, follower, position) {
      const stream = streams.get(userChannel(userId)) ?? open(userId)
      // From here on it is offered events; it holds them until it knows where it starts.
      stream.followers.add(follower)
      try {
        await subscriber.subscribe(userChannel(userId))
        const restoresBefore = restores
        const askedIn = epoch
        const start = await reader.start(userId, position, () => stream.followers.has(follower))
        if (!epochIs(start.epoch, askedIn)) throw new Error('the database was restored meanwhile')
        if (!stream.followers.has(follower)) return
        follower.begin(start)
        if (restores !== restoresBefore || follower.hasGap) void fill(stream)
      } catch (error) {
        if (!stream.followers.has(follower)) return
        leave(userId, follower)
        throw error
      }
    },
    leave,
    async checkEpoch() {
      const askedIn = epoch
      epochIs(await reader.epoch(), askedIn)
    },
    async close() {
      probe.stop()
      await Promise.all([subscriber.close(), publisher.close()])
    },
  }
}

/** Where the follower stands that is behind all others; `Infinity` when none has begun. */
function lowestSeq({ followers }: Stream): number {
  return Math.min(...[...followers].flatMap(({ lastSeq }) => lastSeq ?? []))
}

function hasGap(stream: Stream): boolean {
  for (const follower of stream.followers) if (follower.hasGap) return true
  return false
}
