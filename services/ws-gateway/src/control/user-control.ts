import type { ConnectionReport } from '@paxyo/contracts'
import type { Cutoff, RevokedToken } from '../read/read-cutoffs.ts'
import type { Hub } from '../stream/hub.ts'

export interface UserControl {
  /**
   * Closes the connections that a cutoff ends, once, however often and over whichever way it arrives.
   *
   * @returns the connections that it has closed, now or when it arrived before.
   */
  apply(cutoff: Cutoff): ConnectionReport[]
  /** Closes the connections that have the token. @returns those that it has closed, now or when it arrived before. */
  revoke(token: RevokedToken): ConnectionReport[]
  /** The connections of a user to this gateway. */
  connectionsOf(userId: string): ConnectionReport[]
}

/** For how long a cutoff is remembered: several times as long as the watch reads it again. */
const MEMORY_MS = 600_000

/** The connections that were closed for one reason. */
interface Remembered {
  readonly reports: ConnectionReport[]
  readonly rememberedAt: number
}

/** The last cutoff of a user, and what it has closed. */
interface Applied extends Remembered {
  readonly tokensIssuedBeforeMs: number
  readonly disconnectedAtMs: number
}

/** Ends connections of single users of this gateway. */
export function createUserControl(
  hub: Pick<Hub, 'listenersOf'>,
  onClosed: (reason: 'token_revoked' | 'disconnected', count: number) => void,
  now: () => number,
): UserControl {
  /** By user, oldest first. */
  const applied = new Map<string, Applied>()
  /** By user and token, oldest first. */
  const revoked = new Map<string, Remembered>()

  function remember<Value extends Remembered>(memory: Map<string, Value>, key: string, value: Value): void {
    memory.delete(key)
    memory.set(key, value)
    for (const [known, { rememberedAt }] of memory) {
      if (now() - rememberedAt < MEMORY_MS) break
      memory.delete(known)
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
      const cutoff = { tokensIssuedBeforeMs, disconnectedAtMs: lastDisconnectMs }
      remember(applied, userId, { ...cutoff, reports: closed, rememberedAt: now() })
      return closed
    },
    revoke({ userId, tokenId }) {
      const key = JSON.stringify([userId, tokenId])
      const open = hub.listenersOf(userId).map((listener) => ({ listener, report: listener.report() }))
      const closed = open.filter(({ listener }) => listener.revokeToken(tokenId)).map(({ report }) => report)
      onClosed('token_revoked', closed.length)
      const reports = [...(revoked.get(key)?.reports ?? []), ...closed]
      remember(revoked, key, { reports, rememberedAt: now() })
      return reports
    },
    connectionsOf: (userId) => hub.listenersOf(userId).map((listener) => listener.report()),
  }
}
