// Limits the memory that one user can use.
//
// What a client does not read stays in this process. A welcome or a page is sent because a client asks, so a user with many
// connections could ask for more than the process can hold.
//
// - Each user has a budget. A join waits, and a request for a page is rejected for now, while the unread bytes of all
//   connections of the user leave no room for another welcome. A join that reads the database has reserved its room.
// - A user's joins have a rate, too: a welcome that is read at once, or fits into the kernel's buffers, still costs a query.
// - The process has a budget. When it is exceeded, connections are cut: of the users with the most unread bytes, and of each of
//   them the connections with the most. Users whose clients read in time have no unread bytes, and notice nothing.
//
// A join waits for its own user only. A user's waiting connections are bounded like the others.

import { performance } from 'node:perf_hooks'
import type { Limits } from './limits.ts'

/** A connection, as the receiver of bytes that its client has not read yet. */
export interface Consumer {
  readonly userId: string | undefined
  /** Sent bytes that are still in this process. */
  readonly unreadBytes: number
  /** Disconnects the client at once, without the bytes that it has not read. */
  abort(): void
}

export type BudgetLimits = Pick<
  Limits,
  'welcomeBytesMax' | 'unreadBytesPerUserMax' | 'unreadBytesTotalMax' | 'joinsPerUserMax' | 'joinsRefillMs'
>

interface Waiting {
  readonly isWanted: () => boolean
  readonly admitted: PromiseWithResolvers<boolean>
}

interface User {
  /** The unread bytes of each connection that had some when it was looked at last. */
  readonly consumers: Map<Consumer, number>
  readonly waiting: Waiting[]
  /** Joins that have been admitted, and have not begun. */
  joining: number
  tokens: number
  refilledAt: number
}

/** How often waiting joins are looked at. */
const RETRY_INTERVAL_MS = 50
/** Cutting goes on until this share of the budget is used, so that it is not needed again at once. */
const CUT_TO_SHARE = 0.9

export class UnreadBudget {
  readonly #limits: BudgetLimits
  readonly #now: () => number
  readonly #users = new Map<string, User>()
  readonly #waitingUsers = new Set<User>()
  #bytes = 0
  #waitingCount = 0
  #timer: NodeJS.Timeout | undefined
  #cutCount = 0

  constructor(limits: BudgetLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** Unread bytes of all connections, as far as they were looked at. */
  get bytes(): number {
    return this.#bytes
  }

  /** Joins that wait for their user's budget. */
  get waitingCount(): number {
    return this.#waitingCount
  }

  /** Connections that were cut because the process had too many unread bytes. */
  get cutCount(): number {
    return this.#cutCount
  }

  /**
   * Waits until the user may join, and reserves the room for a welcome until `joined`.
   *
   * @returns false when the join was no longer wanted when its turn came.
   */
  admit(userId: string, isWanted: () => boolean): Promise<boolean> | true {
    const user = this.#userOf(userId)
    if (user.waiting.length === 0 && this.#take(user)) return true
    const admitted = Promise.withResolvers<boolean>()
    user.waiting.push({ isWanted, admitted })
    this.#waitingUsers.add(user)
    this.#waitingCount += 1
    this.#timer ??= setInterval(() => this.retry(), RETRY_INTERVAL_MS).unref()
    return admitted.promise
  }

  /** An admitted join has begun or failed. */
  joined(userId: string): void {
    this.#userOf(userId).joining -= 1
  }

  /** Whether the user's unread bytes leave room for another page. */
  hasRoom(userId: string): boolean {
    const user = this.#users.get(userId)
    return user === undefined || this.#hasRoom(user)
  }

  /** Looks at the unread bytes of a connection, and cuts those with the most when the process has too many. */
  observe(consumer: Consumer): void {
    const { userId, unreadBytes } = consumer
    if (userId === undefined) return
    const user = this.#users.get(userId)
    if (unreadBytes === 0 && user?.consumers.has(consumer) !== true) return
    this.#note(user ?? this.#userOf(userId), consumer, unreadBytes)
    if (this.#bytes > this.#limits.unreadBytesTotalMax) this.#cut()
  }

  /** The connection has ended. */
  forget(consumer: Consumer): void {
    const user = consumer.userId === undefined ? undefined : this.#users.get(consumer.userId)
    if (user !== undefined) this.#note(user, consumer, 0)
  }

  /** Admits the joins whose turn has come. Called by a timer while there are some. */
  retry(): void {
    for (const user of this.#waitingUsers) this.#admitWaiting(user)
    if (this.#waitingUsers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Forgets users without anything to remember. To be called once a second. */
  prune(): void {
    for (const [userId, user] of this.#users) {
      this.#refill(user)
      const isIdle = user.consumers.size + user.waiting.length + user.joining === 0
      if (isIdle && user.tokens >= this.#limits.joinsPerUserMax) this.#users.delete(userId)
    }
  }

  #userOf(userId: string): User {
    const known = this.#users.get(userId)
    if (known !== undefined) return known
    const tokens = this.#limits.joinsPerUserMax
    const user: User = { consumers: new Map(), waiting: [], joining: 0, tokens, refilledAt: this.#now() }
    this.#users.set(userId, user)
    return user
  }

  #admitWaiting(user: User): void {
    while (user.waiting.length > 0) {
      const [{ isWanted, admitted }] = user.waiting as [Waiting]
      const isStillWanted = isWanted()
      if (isStillWanted && !this.#take(user)) return
      user.waiting.shift()
      this.#waitingCount -= 1
      admitted.resolve(isStillWanted)
    }
    this.#waitingUsers.delete(user)
  }

  #take(user: User): boolean {
    this.#refill(user)
    if (user.tokens < 1 || !this.#hasRoom(user)) return false
    user.tokens -= 1
    user.joining += 1
    return true
  }

  #refill(user: User): void {
    const { joinsPerUserMax: max, joinsRefillMs } = this.#limits
    const now = this.#now()
    user.tokens = Math.min(max, user.tokens + ((now - user.refilledAt) * max) / joinsRefillMs)
    user.refilledAt = now
  }

  #hasRoom(user: User): boolean {
    const { welcomeBytesMax, unreadBytesPerUserMax } = this.#limits
    let bytes = (user.joining + 1) * welcomeBytesMax
    for (const consumer of user.consumers.keys()) bytes += this.#note(user, consumer, consumer.unreadBytes)
    return bytes <= unreadBytesPerUserMax
  }

  #note({ consumers }: User, consumer: Consumer, unreadBytes: number): number {
    this.#bytes += unreadBytes - (consumers.get(consumer) ?? 0)
    if (unreadBytes === 0) consumers.delete(consumer)
    else consumers.set(consumer, unreadBytes)
    return unreadBytes
  }

  /** Reads what is unread now, and cuts the largest connections of the users with the most. */
  #cut(): void {
    const byBytes: { user: User; bytes: number }[] = []
    for (const user of this.#users.values()) {
      let bytes = 0
      for (const consumer of user.consumers.keys()) bytes += this.#note(user, consumer, consumer.unreadBytes)
      if (bytes > 0) byBytes.push({ user, bytes })
    }
    if (this.#bytes <= this.#limits.unreadBytesTotalMax) return
    byBytes.sort((one, other) => one.bytes - other.bytes)
    const target = this.#limits.unreadBytesTotalMax * CUT_TO_SHARE
    while (this.#bytes > target && byBytes.length > 0) {
      const { user } = byBytes.pop()!
      const consumers = [...user.consumers].toSorted(([, one], [, other]) => other - one)
      for (const [consumer] of consumers) {
        if (this.#bytes <= target) return
        this.#cutCount += 1
        this.#note(user, consumer, 0)
        consumer.abort()
      }
    }
  }
}
