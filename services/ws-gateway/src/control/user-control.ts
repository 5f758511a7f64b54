import type { ConnectionReport } from '@paxyo/contracts'
import type { Cutoff } from '../read/read-cutoffs.ts'
import type { Hub } from '../stream/hub.ts'

export interface UserControl {
  /**
   * Closes the connections that a cutoff ends, once, however often and over whichever way it arrives.
   *
   * @returns the connections that it has closed, now or when it arrived before.
   */
  apply(cutoff: Cutoff): ConnectionReport[]
  /** The connections of a user to this gateway. */
  connectionsOf(userId: string): ConnectionReport[]
}

/** For how long a cutoff is remembered: several times as long as the watch reads it again. */
const MEMORY_MS = 600_000

/** The last cutoff of a user, and what it has closed. */
interface Applied {
  readonly tokensIssuedBeforeMs: number
  readonly disconnectedAtMs: number
  readonly reports: ConnectionReport[]
  readonly rememberedAt: number
}

/** Ends connections of single users of this gateway. */
export function createUserControl(
  hub: Pick<Hub, 'listenersOf'>,
  onClosed: (reason: 'token_revoked' | 'disconnected', count: number) => void,
  now: () => number,
): UserControl {
  /** By user, oldest first. */
  const applied = new Map<string, Applied>()

  function remember(userId: string, cutoff: Omit<Applied, 'rememberedAt'>): void {
    applied.delete(userId)
    applied.set(userId, { ...cutoff, rememberedAt: now() })
    for (const [known, { rememberedAt }] of applied) {
      if (now() - rememberedAt < MEMORY_MS) break
      applied.delete(known)
    }
  }

  function close(userId: string, tokensIssuedBeforeMs: number, mustDisconnect: boolean): ConnectionReport[] {
    const counts = { token_revoked: 0, disconnected: 0 }
    const reports: ConnectionReport[] = []
    for (const listener of hub.listenersOf(userId)) {
      const report = listener.report()
      const isRevoked = listener.revokeTokens(tokensIssuedBeforeMs)
      if (!isRevoked && !mustDisconnect) continue
      if (!isRevoked) listener.disconnect()
      counts[isRevoked ? 'token_revoked' : 'disconnected'] += 1
      reports.push(report)
    }
    onClosed('token_revoked', counts.token_revoked)
    onClosed('disconnected', counts.disconnected)
    return reports
  }

  return {
    apply({ userId, tokensIssuedBeforeMs = -Infinity, disconnectedAtMs = -Infinity }) {
      const before = applied.get(userId)
      const isKnown =
        before?.tokensIssuedBeforeMs === tokensIssuedBeforeMs && before.disconnectedAtMs === disconnectedAtMs
      // A known one, too, finds connections that have joined since with a token that it revokes.
      const mustDisconnect = disconnectedAtMs > (before?.disconnectedAtMs ?? -Infinity)
      const closed = close(userId, tokensIssuedBeforeMs, mustDisconnect)
      if (isKnown) {
        before.reports.push(...closed)
        return before.reports
      }
      const lastDisconnectMs = Math.max(disconnectedAtMs, before?.disconnectedAtMs ?? -Infinity)
      remember(userId, { tokensIssuedBeforeMs, disconnectedAtMs: lastDisconnectMs, reports: closed })
      return closed
    },
    connectionsOf: (userId) => hub.listenersOf(userId).map((listener) => listener.report()),
  }
}
