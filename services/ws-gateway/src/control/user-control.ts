import type { ConnectionReport } from '@paxyo/contracts'
import type { Cutoff } from '../read/read-cutoffs.ts'
import type { Hub } from '../stream/hub.ts'

export interface UserControl {
  /**
   * Closes the connections that a cutoff ends, once, however often and over whichever way it arrives.
   *
   * @returns the connections that it has closed.
   */
  apply(cutoff: Cutoff): ConnectionReport[]
  /** The connections of a user to this gateway. */
  connectionsOf(userId: string): ConnectionReport[]
}

/** For how long a disconnect is remembered: several times as long as the watch reads it again. */
const DISCONNECT_MEMORY_MS = 600_000

/** Ends connections of single users of this gateway. */
export function createUserControl(
  hub: Pick<Hub, 'listenersOf'>,
  onClosed: (reason: 'token_revoked' | 'disconnected', count: number) => void,
  now: () => number,
): UserControl {
  /** The last disconnect that was carried out, by user, oldest first. */
  const disconnects = new Map<string, { readonly atMs: number; readonly rememberedAt: number }>()

  function isNewDisconnect({ userId, disconnectedAtMs }: Cutoff): boolean {
    if (disconnectedAtMs === undefined || disconnectedAtMs <= (disconnects.get(userId)?.atMs ?? -Infinity)) return false
    disconnects.delete(userId)
    disconnects.set(userId, { atMs: disconnectedAtMs, rememberedAt: now() })
    for (const [known, { rememberedAt }] of disconnects) {
      if (now() - rememberedAt < DISCONNECT_MEMORY_MS) break
      disconnects.delete(known)
    }
    return true
  }

  return {
    apply(cutoff) {
      const { userId, tokensIssuedBeforeMs = -Infinity } = cutoff
      const mustDisconnect = isNewDisconnect(cutoff)
      const closed = { token_revoked: 0, disconnected: 0 }
      const reports: ConnectionReport[] = []
      for (const listener of hub.listenersOf(userId)) {
        const report = listener.report()
        const isRevoked = listener.revokeTokens(tokensIssuedBeforeMs)
        if (!isRevoked && !mustDisconnect) continue
        if (!isRevoked) listener.disconnect()
        closed[isRevoked ? 'token_revoked' : 'disconnected'] += 1
        reports.push(report)
      }
      onClosed('token_revoked', closed.token_revoked)
      onClosed('disconnected', closed.disconnected)
      return reports
    },
    connectionsOf: (userId) => hub.listenersOf(userId).map((listener) => listener.report()),
  }
}
