// How one user cannot exhaust the process.
//
// What a client does not read stays in this process. A welcome or a page is sent because a client asks, so a user with many
// connections could ask for more than the process can hold.
//
// - Each user has a budget. A join waits, and a request for a page is rejected for now, while the unread bytes of all
//   connections of the user leave no room for another welcome. A join that reads the database has reserved its room.
// - A user's joins have a rate, too: a welcome that is read at once, or fits into the kernel's buffers, still costs a query.
// - The process has a budget. When it is exceeded, the connections with the most unread bytes are cut, of the users with the
//   most unread bytes: those who read in time have none, and notice nothing.
//
// A join waits for its own user only. A user's waiting connections are bounded like the others.

import { performance } from 'node:perf_hooks'
import type { Limits } from './limits.ts'

/** A connection, as a holder of unread bytes. */
export interface Reader {
  readonly userId: string | undefined
  /** Sent bytes that are still in this process. */
  readonly unreadBytes: number
  /** Disconnects the client at once, without the bytes that it has not read. */
  abort(): void
}

export type BudgetLimits = Pick<
  Limits,
  'welcomeBytesMax' | 'unreadBytesPerUserMax' | 'unreadBytesMax' | 'joinsPerUserMax' | 'joinsRefillMs'
>

interface Waiting {
  readonly isWanted: () => boolean
  readonly admitted: PromiseWithResolvers<boolean>
}

interface User {
  /** The unread bytes of each connection that had some when it was looked at last. */
  readonly readers: Map<Reader, number>
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
  observe(reader: Reader): void {
    const { userId, unreadBytes } = reader
    if (userId === undefined) return
    const user = this.#users.get(userId)
    if (unreadBytes === 0 && user?.readers.has(reader) !== true) return
    this.#note(user ?? this.#userOf(userId), reader, unreadBytes)
    if (this.#bytes > this.#limits.unreadBytesMax) this.#cut()
  }

  /** The connection has ended. */
  forget(reader: Reader): void {
    const user = reader.userId === undefined ? undefined : this.#users.get(reader.userId)
    if (user !== undefined) this.#note(user, reader, 0)
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
      const isIdle = user.readers.size + user.waiting.length + user.joining === 0
      if (isIdle && user.tokens >= this.#limits.joinsPerUserMax) this.#users.delete(userId)
    }
  }

  #userOf(userId: string): User {
    const known = this.#users.get(userId)
    if (known !== undefined) return known
    const tokens = this.#limits.joinsPerUserMax
    const user: User = { readers: new Map(), waiting: [], joining: 0, tokens, refilledAt: this.#now() }
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
    for (const reader of user.readers.keys()) bytes += this.#note(user, reader, reader.unreadBytes)
    return bytes <= unreadBytesPerUserMax
  }

  #note({ readers }: User, reader: Reader, unreadBytes: number): number {
    this.#bytes += unreadBytes - (readers.get(reader) ?? 0)
    if (unreadBytes === 0) readers.delete(reader)
    else readers.set(reader, unreadBytes)
    return unreadBytes
  }

  /** Reads what is unread now, and cuts the greatest of the users with the most. */
  #cut(): void {
    const byBytes: { user: User; bytes: number }[] = []
    for (const user of this.#users.values()) {
      let bytes = 0
      for (const reader of user.readers.keys()) bytes += this.#note(user, reader, reader.unreadBytes)
      if (bytes > 0) byBytes.push({ user, bytes })
    }
    if (this.#bytes <= this.#limits.unreadBytesMax) return
    byBytes.sort((one, other) => one.bytes - other.bytes)
    const target = this.#limits.unreadBytesMax * CUT_TO_SHARE
    while (this.#bytes > target && byBytes.length > 0) {
      const { user } = byBytes.pop()!
      const readers = [...user.readers].toSorted(([, one], [, other]) => other - one)
      for (const [reader] of readers) {
        if (this.#bytes <= target) return
        this.#cutCount += 1
        this.#note(user, reader, 0)
        reader.abort()
      }
    }
  }
}
