/**
 * Guarantees: connections lead to the server that accepts writes. After a failover, connections to the server before are
 * closed within seconds, whether it died, stopped responding, or still runs as a standby or a forgotten primary.
 *
 * How: while there are connections, the primary is asked for its state every second. When it does not respond as one, and
 * every few seconds anyway, all servers are asked. A connection is closed only when another server accepts writes, so that
 * a pause of the primary breaks nothing. An earlier timeline than the one in use is never accepted. A name that leads to another
 * server than before, such as a service of Kubernetes, has another timeline then.
 *
 * Without it, a statement on a server that stopped responding would wait for 20 seconds, and its retry, on another
 * connection of the pool, for as long again.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { findPrimary, type Primary } from './find-primary.ts'
import { openSession, type Server, type ServerSession } from './server-session.ts'

/** A connection that is closed when its server is not the primary any longer. */
export interface GuardedConnection {
  /** Breaks it: its queries fail with an unknown outcome. */
  destroy(): void
}

export interface PrimaryChange {
  readonly name: string
  readonly timeline: number
  /** The name of the former primary. It is the same one when only the timeline has changed. */
  readonly before: string
}

export interface PrimaryWatch {
  /** @throws NotConnectedError when no server accepts writes. */
  find(): Promise<Server>
  /** Notes that a connection to a server failed: the servers are asked before the next one. */
  suspect(server: Server): void
  /** @returns ends the guard of a connection that has ended. */
  guard(server: Server, connection: GuardedConnection): () => void
}

const CHECK_INTERVAL_MS = 1_000
/** Also while the primary responds: another server may have been promoted although it still runs. */
const CHECKS_PER_SEARCH = 4
/** The least time between two searches that found nothing. */
const SEARCH_INTERVAL_MS = 300

export function watchPrimary(servers: readonly Server[], onChange?: (change: PrimaryChange) => void): PrimaryWatch {
  /** With what was the primary when they began. */
  const guarded = new Map<GuardedConnection, Primary>()
  let primary: Primary | undefined
  let timelineMax = 0
  let isSuspect = true
  let searching: Promise<Server> | undefined
  let mayFindAt = 0
  let watching: AbortController | undefined

  function adopt(found: Primary): void {
    const before = primary
    primary = found
    timelineMax = found.timeline
    isSuspect = false
    if (isSame(before, found)) return
    if (before !== undefined)
      onChange?.({ name: found.server.name, timeline: found.timeline, before: before.server.name })
    for (const [connection, its] of guarded) if (!isSame(its, found)) connection.destroy()
  }

  async function search(): Promise<Server> {
    await sleep(Math.max(0, mayFindAt - performance.now()))
    try {
      adopt(await findPrimary(servers, timelineMax))
      return primary!.server
    } catch (error) {
      isSuspect = true
      // Processes that lost the same server do not all ask at the same time.
      mayFindAt = performance.now() + jittered(SEARCH_INTERVAL_MS)
      throw error
    }
  }

  /** Callers share a search. */
  function searchOnce(): Promise<Server> {
    searching ??= search().finally(() => (searching = undefined))
    return searching
  }

  /** @throws when the primary does not respond as one. */
  async function check(session: ServerSession): Promise<void> {
    const { isReplica, isReadOnly } = await session.read()
    if (isReplica || isReadOnly) throw new Error('not the primary any longer')
  }

  async function watch({ signal }: AbortController): Promise<void> {
    let session: ServerSession | undefined
    let sessionOf: Primary | undefined
    const closeSession = (): void => {
      session?.close()
      session = undefined
    }
    signal.addEventListener('abort', closeSession)
    for (let checks = 1; !signal.aborted; checks += 1) {
      await sleep(jittered(CHECK_INTERVAL_MS), undefined, { signal }).catch(() => undefined)
      if (signal.aborted) break
      try {
        if (isSuspect || checks % CHECKS_PER_SEARCH === 0) await searchOnce()
        if (!isSame(sessionOf, primary!)) closeSession()
        sessionOf = primary!
        session ??= await openSession(sessionOf.server)
        await check(session)
      } catch {
        closeSession()
        isSuspect = true
        await searchOnce().catch(() => undefined)
      }
    }
    closeSession()
  }

  return {
    async find() {
      // Without connections nothing is watched, and what is known may be outdated.
      if (primary === undefined || isSuspect || watching === undefined) return searchOnce()
      return primary.server
    },
    suspect(server) {
      if (server === primary?.server) isSuspect = true
    },
    guard(server, connection) {
      guarded.set(connection, { server, timeline: timelineMax })
      if (watching === undefined) {
        watching = new AbortController()
        void watch(watching)
      }
      return () => {
        guarded.delete(connection)
        if (guarded.size > 0) return
        watching?.abort()
        watching = undefined
      }
    },
  }
}

const isSame = (one: Primary | undefined, other: Primary): boolean =>
  one?.server === other.server && one.timeline === other.timeline

/** Half to one and a half times as long. */
const jittered = (ms: number): number => ms * (0.5 + Math.random())
