import type { Cluster } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventSubscriber, SubscriberHandlers } from './event-bus.ts'
import { nodesOf } from './redis-address.ts'
import type { RedisBusOptions } from './redis-bus-options.ts'
import { SlotMap } from './redis-cluster-slots.ts'
import { connectCluster, connectClusterNode, disconnectRedis } from './redis-connection.ts'
import { RedisSubscriber, SUBSCRIBE_TIMEOUT_MS, withTimeout } from './redis-subscriber.ts'

/** The refresh interval of the slots while a channel is not subscribed at the right node. */
const REFRESH_DELAY_MS = 250
/** The refresh interval otherwise: a master that hangs loses its slots without closing its connections. */
const REFRESH_INTERVAL_MS = 5_000

interface Wanted {
  readonly acknowledged: PromiseWithResolvers<void>
  /** The node at which it is, or is being, subscribed. */
  node?: Node | undefined
  /** It was subscribed at a node that no longer has it: messages may have been missed. */
  isRestoring: boolean
}

interface Node {
  readonly subscriber: RedisSubscriber
  readonly key: string
}

/**
 * Sharded pub/sub: each channel is subscribed at the node that has its slot, over one connection per node. When a slot
 * moves to another node, by failover or manually, the subscriber moves its channels, and calls `onRestored` after all of
 * them are acknowledged there.
 */
export class RedisClusterSubscriber implements EventSubscriber {
  readonly #options: RedisBusOptions
  readonly #handlers: SubscriberHandlers
  /** Used only to read the slots. */
  readonly #cluster: Cluster
  readonly #nodes = new Map<string, Node>()
  readonly #wanted = new Map<string, Wanted>()
  #slots: SlotMap | undefined
  #restoringCount = 0
  readonly #refresher: NodeJS.Timeout
  #isRefreshing = false
  #isClosed = false

  constructor(options: RedisBusOptions, handlers: SubscriberHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#cluster = connectCluster(options, 'paxyo-topology', { commandTimeout: SUBSCRIBE_TIMEOUT_MS })
    this.#cluster.on('ready', () => void this.#refresh())
    this.#refresher = setInterval(() => void this.#refresh(), REFRESH_INTERVAL_MS)
  }

  get isReady(): boolean {
    return this.#slots !== undefined && this.#restoringCount === 0 && this.#areNodesReady()
  }

  async subscribe(channel: string): Promise<void> {
    let wanted = this.#wanted.get(channel)
    if (wanted === undefined) {
      wanted = { acknowledged: Promise.withResolvers<void>(), isRestoring: false }
      this.#wanted.set(channel, wanted)
      this.#ask(channel, wanted)
    }
    const { promise } = wanted.acknowledged
    await withTimeout(promise, SUBSCRIBE_TIMEOUT_MS, 'Redis did not acknowledge a subscription in time')
  }

  unsubscribe(channel: string): void {
    const wanted = this.#wanted.get(channel)
    if (wanted === undefined) return
    this.#wanted.delete(channel)
    wanted.node?.subscriber.unsubscribe(channel)
    this.#settle(wanted)
  }

  reconnect(): void {
    for (const node of this.#nodes.values()) this.#abandon(node)
    void this.#refresh()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#refresher)
    const subscribers = [...this.#nodes.values()].map(({ subscriber }) => subscriber.close())
    await Promise.all([disconnectRedis(this.#cluster), ...subscribers])
  }

  #areNodesReady(): boolean {
    for (const { subscriber } of this.#nodes.values()) if (!subscriber.isReady) return false
    return true
  }

  /** Refreshes the slots until every channel is subscribed at the right node. */
  async #refresh(): Promise<void> {
    if (this.#isRefreshing) return
    this.#isRefreshing = true
    do {
      try {
        this.#slots = new SlotMap(await this.#cluster.cluster('SLOTS'), nodesOf(this.#options)[0]!.host)
        this.#move()
      } catch (error) {
        // While the cluster is down its connections report their errors.
        if (this.#cluster.status === 'ready') this.#options.onError(error as Error)
      }
      await sleep(REFRESH_DELAY_MS)
    } while (!this.#isClosed && !(this.isReady && this.#isEverythingAsked()))
    this.#isRefreshing = false
  }

  #isEverythingAsked(): boolean {
    for (const { node } of this.#wanted.values()) if (node === undefined) return false
    return true
  }

  /** Moves every channel to the node that has its slot now, and disconnects from nodes without channels. */
  #move(): void {
    for (const [channel, wanted] of this.#wanted) {
      const owner = this.#ownerOf(channel)
      if (owner === undefined || owner === wanted.node) continue
      wanted.node?.subscriber.unsubscribe(channel)
      this.#forget(wanted)
      this.#ask(channel, wanted)
    }
    const inUse = new Set([...this.#wanted.values()].map(({ node }) => node))
    for (const node of this.#nodes.values()) if (!inUse.has(node)) this.#drop(node)
  }

  #ask(channel: string, wanted: Wanted): void {
    const node = this.#ownerOf(channel)
    if (node === undefined) return void this.#refresh()
    wanted.node = node
    node.subscriber.subscribe(channel).then(
      () => this.#acknowledge(channel, wanted, node),
      (error: unknown) => this.#onRejected(channel, wanted, node, error),
    )
  }

  #acknowledge(channel: string, wanted: Wanted, node: Node): void {
    if (wanted.node !== node || this.#wanted.get(channel) !== wanted) return
    wanted.acknowledged.resolve()
    this.#settle(wanted)
  }

  #onRejected(channel: string, wanted: Wanted, node: Node, error: unknown): void {
    if (wanted.node !== node || this.#wanted.get(channel) !== wanted) return
    node.subscriber.unsubscribe(channel)
    // Every cause but a missing permission is temporary: the slot has moved, or the cluster or the node is down.
    if ((error as Error).message.startsWith('NOPERM')) return wanted.acknowledged.reject(error)
    this.#forget(wanted)
    void this.#refresh()
  }

  /** From here on messages may be missed, if the channel was subscribed. */
  #forget(wanted: Wanted): void {
    if (wanted.node !== undefined && !wanted.isRestoring) {
      wanted.isRestoring = true
      this.#restoringCount += 1
    }
    wanted.node = undefined
  }

  #settle(wanted: Wanted): void {
    if (!wanted.isRestoring) return
    wanted.isRestoring = false
    this.#restoringCount -= 1
    if (this.#restoringCount === 0) this.#handlers.onRestored()
  }

  #ownerOf(channel: string): Node | undefined {
    const owner = this.#slots?.ownerOf(channel)
    if (owner === undefined) return undefined
    const key = `${owner.host}:${owner.port}`
    return this.#nodes.get(key) ?? this.#connect(key, owner)
  }

  #connect(key: string, address: { host: string; port: number }): Node {
    const redis = connectClusterNode(this.#options, address, 'paxyo-subscriber')
    const node: Node = {
      key,
      subscriber: new RedisSubscriber(redis, this.#options.channelPrefix, this.#handlers, true),
    }
    this.#nodes.set(key, node)
    // The node may come back, or its slots may move to another one.
    redis.on('close', () => {
      if (!this.#isClosed && this.#nodes.get(key) === node) void this.#refresh()
    })
    // The node dropped the channels of a slot that it no longer has, and does not report which.
    redis.on('moved', () => {
      this.#abandon(node)
      void this.#refresh()
    })
    return node
  }

  /** Disconnects from a node and subscribes all of its channels again. */
  #abandon(node: Node): void {
    for (const wanted of this.#wanted.values()) if (wanted.node === node) this.#forget(wanted)
    this.#drop(node)
  }

  #drop(node: Node): void {
    // A node that lost a thousand channels emits a thousand events.
    if (this.#nodes.get(node.key) !== node) return
    this.#nodes.delete(node.key)
    void node.subscriber.close()
  }
}
