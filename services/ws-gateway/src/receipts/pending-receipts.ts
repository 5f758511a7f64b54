import type { Receipt, SentPosition } from '@paxyo/contracts'
import type { SentReport } from '../stream/sent-reports.ts'

/** How far a user's stream was sent and seen, since the last report. */
interface Pending {
  readonly epoch: string
  seenSeq: number
  seenAt: number
  sentSeq: number
  sentAt: number
  connections: number
  isLive: boolean
}

export interface ReceiptBatch {
  readonly seen: Receipt[]
  readonly sent: SentPosition[]
}

/** While so many users wait, the receipts of further ones are dropped. A later receipt of the same user includes them. */
const USERS_MAX = 100_000

/**
 * Collects receipts until they are reported: one entry for each user, however many events and connections. Positions
 * only go forward.
 */
export class PendingReceipts {
  readonly #now: () => number
  #byUser = new Map<string, Pending>()
  #dropped = 0

  /** @param now the clock of the times that are reported. */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#byUser.size
  }

  /** How many were dropped, because those of too many users were pending. */
  get dropped(): number {
    return this.#dropped
  }

  seen(userId: string, epoch: string, seq: number): void {
    const pending = this.#of(userId, epoch)
    if (pending === undefined || seq <= pending.seenSeq) return
    pending.seenSeq = seq
    pending.seenAt = this.#now()
  }

  /** What a connection begins with does not replace the connections that an event was sent to. */
  sent({ userId, epoch, seq, connections, isLive, at }: SentReport): void {
    const pending = this.#of(userId, epoch)
    if (pending === undefined || seq <= pending.sentSeq || (!isLive && pending.sentSeq > 0)) return
    pending.sentSeq = seq
    pending.sentAt = at
    pending.connections = connections
    pending.isLive = isLive
  }

  /** Takes those of some users, to report them. */
  take(usersMax: number): Map<string, Pending> {
    const taken = new Map<string, Pending>()
    for (const [userId, pending] of this.#byUser) {
      if (taken.size === usersMax) break
      taken.set(userId, pending)
      this.#byUser.delete(userId)
    }
    return taken
  }

  /** Puts back what could not be reported. */
  restore(taken: Map<string, Pending>): void {
    for (const [userId, old] of taken) {
      const newer = this.#byUser.get(userId)
      if (newer !== undefined && newer.epoch !== old.epoch) continue
      const pending = this.#of(userId, old.epoch)
      if (pending === undefined) continue
      if (pending.seenSeq < old.seenSeq) Object.assign(pending, { seenSeq: old.seenSeq, seenAt: old.seenAt })
      if (pending.sentSeq >= old.sentSeq) continue
      const { sentSeq, sentAt, connections, isLive } = old
      Object.assign(pending, { sentSeq, sentAt, connections, isLive })
    }
  }

  toBatch(taken: Map<string, Pending>): ReceiptBatch {
    const ageOf = (at: number): number => Math.round(this.#now() - at)
    const batch: ReceiptBatch = { seen: [], sent: [] }
    for (const [userId, { epoch, seenSeq, seenAt, sentSeq, sentAt, connections, isLive }] of taken) {
      if (seenSeq > 0) batch.seen.push([userId, epoch, seenSeq, ageOf(seenAt)])
      if (sentSeq > 0) batch.sent.push([userId, epoch, sentSeq, ageOf(sentAt), connections, isLive ? 1 : 0])
    }
    return batch
  }

  #of(userId: string, epoch: string): Pending | undefined {
    const known = this.#byUser.get(userId)
    if (known?.epoch === epoch) return known
    if (known === undefined && this.#byUser.size >= USERS_MAX) {
      this.#dropped += 1
      return undefined
    }
    const pending = { epoch, seenSeq: 0, seenAt: 0, sentSeq: 0, sentAt: 0, connections: 0, isLive: false }
    this.#byUser.set(userId, pending)
    return pending
  }
}
