/**
 * One connection for all tabs of a user on an origin, without a lost or repeated event in any tab.
 *
 * How: the tab that holds a Web Lock is the leader. It has the connection, and broadcasts everything over a
 * BroadcastChannel. The browser passes the lock on when the leader's tab is closed or crashes. A leader that does not
 * respond, for example because it is frozen, loses the lock to the tab that waits for its response.
 *
 * Correctness does not depend on which tab leads, or on complete broadcasts: each tab has its own position, and its
 * `Stream` passes on only the next event. A tab that detects a gap requests the missing events from the leader. If the
 * leader no longer has them, or the tab has no position yet, the tab opens its own connection until it has caught up.
 *
 * Without it each tab has its own connection: correct, but the gateway's limit on connections per user ends the last
 * ones. Without stealing the lock, a frozen leader stops every tab; without the requests, a gap between two leaders is
 * permanent.
 *
 * It is not a SharedWorker: that needs a separate script on the panel's origin, has no access to the page's getToken,
 * and was missing in Chrome on Android for years.
 */
import type { ConnectionStatus, Position } from './api.ts'
import { attempt } from './attempt.ts'
import { ClientError } from './client-error.ts'
import type { Connection } from './connection.ts'
import { isLive } from './connection-state.ts'
import { watchLeader } from './leader-watch.ts'
import type { OrderRequest, OrderRequests, OrderResponse } from './order-requests.ts'
import { isPageHidden } from './page.ts'
import type { Snapshot, Stream } from './stream.ts'
import type { ReceivedEvent } from './wire.ts'

export interface TabsDeps {
  /** Of the lock and the channel: tabs with the same name share a connection. */
  readonly name: string
  readonly stream: Stream
  readonly connection: Connection
  readonly orderRequests: OrderRequests
  /** The status of this tab's own connection. */
  readonly ownStatus: () => ConnectionStatus
  readonly onState: () => void
  /** Another tab has shown the stream up to a position. */
  readonly onSeen: (seen: Position) => void
}

type TabMessage =
  | { readonly kind: 'event'; readonly epoch: string; readonly event: ReceivedEvent }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  /**
   * The leader's state. Sent when it changes, at each ping of the server, and in response to a request when not live.
   */
  | ({ readonly kind: 'state'; readonly isHidden: boolean } & LeaderState)
  | {
      readonly kind: 'request'
      readonly from: string
      readonly position: Position | undefined
      /** The tab has woken up: the leader's link may be dead. */
      readonly check: boolean
    }
  /** The user has seen the stream in the tab. */
  | { readonly kind: 'seen'; readonly seen: Position }
  /** The events after the position; undefined if the leader no longer has them. */
  | ({
      readonly kind: 'response'
      readonly to: string
      readonly events: readonly ReceivedEvent[] | undefined
    } & LeaderState)
  /** A tab without a connection asks for orders; the leader broadcasts the response. */
  | { readonly kind: 'ask'; readonly from: string; readonly request: OrderRequest }
  /** The tab has repeated a request for which the leader still waits. */
  | { readonly kind: 'relaying'; readonly to: string }
  | {
      readonly kind: 'relayed'
      readonly to: string
      readonly response: OrderResponse
      /** A leader of an older version does not send it. */
      readonly request?: OrderRequest
    }

interface LeaderState {
  readonly status: ConnectionStatus
  readonly head: Position | undefined
}

/** Web Locks exist on secure pages only. */
export function canShare(): boolean {
  return attempt(() => typeof BroadcastChannel === 'function' && typeof navigator.locks.request === 'function') ?? false
}

/** Unique among the tabs of a user; `randomUUID` exists on secure pages of newer browsers only. */
function createTabId(): string {
  return attempt(() => crypto.randomUUID()) ?? `${Date.now()} ${Math.random()}`
}

export interface Tabs {
  /** The status of the leader's connection, when this tab relies on it. */
  readonly followed: ConnectionStatus | undefined
  join(): void
  /** Gives up the lock and closes the channel. */
  leave(): void
  /** The user has switched to this tab. A leader in the background may be suspended. */
  woke(): void
  /** The state of this tab's own connection has changed. */
  connectionChanged(): void
  /** Tells the leader how far the user has seen the stream. @returns whether there is a channel. */
  sendSeen(seen: Position): boolean
  askLeader(request: OrderRequest): void
  broadcastState(): void
  broadcastEvent(epoch: string, event: ReceivedEvent): void
  broadcastSnapshot(snapshot: Snapshot): void
}

export function createTabs({ name, stream, connection, orderRequests, ownStatus, onState, onSeen }: TabsDeps): Tabs {
  const id = createTabId()
  let channel: BroadcastChannel | undefined
  /** The current request for the lock; aborted when this tab no longer wants to lead. */
  let lockRequest: AbortController | undefined
  let releaseLock: (() => void) | undefined
  let isLeader = false
  let followed: ConnectionStatus | undefined
  const watch = watchLeader({ ask: () => requestEvents(), onSilent: () => compete(true) })
  let wasLive = false
  /** Requests of tabs that are under way: a tab repeats its own when it takes long. */
  const asking = new Set<string>()

  function join(): void {
    // A browser with site data blocked has the class, and throws.
    channel = attempt(() => new BroadcastChannel(name))
    if (channel === undefined) return connection.input({ type: 'start' })
    connection.input({ type: 'suspend' })
    channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => onMessage(data))
    compete()
    requestEvents()
  }

  function leave(): void {
    watch.stop()
    lockRequest?.abort()
    lockRequest = followed = undefined
    isLeader = false
    releaseLock?.()
    channel?.close()
    channel = undefined
  }

  /** Waits for the lock, or steals it from a leader that does not respond. */
  function compete(steal = false): void {
    lockRequest?.abort()
    const mine = (lockRequest = new AbortController())
    const lead = (): Promise<void> | undefined => (lockRequest === mine ? new Promise(beginToLead) : undefined)
    const options = steal ? { steal } : { signal: mine.signal }
    // Some browsers throw instead of rejecting.
    const request = async (): Promise<unknown> => navigator.locks.request(name, options, lead)
    request().catch((error: unknown) => {
      if (lockRequest !== mine) return
      isLeader = false
      if ((error as Error).name === 'AbortError') {
        // Stolen. The connection stays until the new leader has shown that it has one.
        compete()
        requestEvents()
      } else {
        // The page may not use locks: each tab has its own connection.
        leave()
        connection.input({ type: 'start' })
      }
    })
  }

  function beginToLead(release: () => void): void {
    watch.stop()
    releaseLock = release
    isLeader = true
    followed = undefined
    connection.input({ type: 'start' })
    broadcastState()
    onState()
  }

  function follow(status: ConnectionStatus): void {
    const { error } = status
    // The channel transfers plain objects.
    followed = { ...status, error: error && new ClientError(error.code, error.message) }
    connection.input({ type: 'suspend' })
    onState()
  }

  function requestEvents(check = false): void {
    if (isLeader) return
    watch.asked()
    broadcast({ kind: 'request', from: id, position: stream.position, check })
  }

  function onMessage(message: TabMessage): void {
    switch (message.kind) {
      case 'event': {
        const placement = stream.offer(message.epoch, message.event)
        if (placement !== 'next' && placement !== 'known' && followed !== undefined) requestEvents()
        return
      }
      case 'snapshot': {
        const { snapshot } = message
        // A tab with a position in this epoch would skip the events in between.
        if (stream.position?.epoch !== snapshot.position.epoch && !isLive(connection.state)) stream.replace(snapshot)
        return
      }
      case 'request':
        if (!isLeader) return
        if (message.check) connection.check()
        return respond(message.from, message.position)
      case 'seen':
        if (isLeader) onSeen(message.seen)
        return
      case 'state':
        if (!isLeader) onLeaderState(message)
        return
      case 'response':
        if (!isLeader && message.to === id) onResponse(message)
        return
      case 'ask':
        if (isLeader) void relay(message.from, message.request)
        return
      case 'relaying':
        if (message.to === id) orderRequests.underWay()
        return
      case 'relayed':
        if (message.to === id) orderRequests.receive(message.response, message.request)
    }
  }

  function onLeaderState({ status, head, isHidden }: Extract<TabMessage, { kind: 'state' }>): void {
    watch.received()
    const { position } = stream
    if (status.state === 'live' || status.state === 'delayed') {
      const isBehind = position?.epoch !== head!.epoch || position.seq < head!.seq
      return isBehind ? requestEvents() : follow(status)
    }
    // Timers of a hidden leader may be a minute late, and the user looks at this tab.
    if (isLive(connection.state)) return
    if (isHidden && !isPageHidden()) compete(true)
    else follow(status)
  }

  function onResponse({ events, status, head }: Extract<TabMessage, { kind: 'response' }>): void {
    watch.received()
    if (events === undefined) {
      followed = undefined
      return connection.input({ type: 'start' })
    }
    for (const event of events) stream.offer(head!.epoch, event)
    follow(status)
  }

  function respond(to: string, position: Position | undefined): void {
    if (!isLive(connection.state)) return broadcastState()
    broadcast({ kind: 'response', to, events: position && stream.since(position), ...leaderState() })
  }

  async function relay(to: string, request: OrderRequest): Promise<void> {
    const key = JSON.stringify([to, request])
    if (asking.has(key)) return broadcast({ kind: 'relaying', to })
    asking.add(key)
    const rejected = ({ code, message }: ClientError): OrderResponse => ({
      type: 'error',
      code,
      message,
      request: request.type,
    })
    const response = await orderRequests.ask(request).catch(rejected)
    asking.delete(key)
    broadcast({ kind: 'relayed', to, response, request })
  }

  function broadcastState(): void {
    if (isLeader) broadcast({ kind: 'state', isHidden: isPageHidden(), ...leaderState() })
  }

  function leaderState(): LeaderState {
    const status = ownStatus()
    const { error } = status
    const plain = error && ({ code: error.code, message: error.message } as ClientError)
    return { status: { ...status, error: plain }, head: stream.position }
  }

  function broadcast(message: TabMessage): void {
    // A channel reaches only its own origin; the rule is about windows.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    attempt(() => channel?.postMessage(message))
  }

  return {
    get followed() {
      return followed
    },
    join,
    leave,
    woke() {
      if (channel !== undefined) requestEvents(true)
    },
    connectionChanged() {
      const wasLiveBefore = wasLive
      wasLive = isLive(connection.state)
      if (connection.state.phase === 'closed') leave()
      else if (isLeader) broadcastState()
      // Caught up on its own connection: the leader may now have the next events.
      else if (wasLive && !wasLiveBefore && channel !== undefined) requestEvents()
    },
    sendSeen(seen) {
      broadcast({ kind: 'seen', seen })
      return channel !== undefined
    },
    askLeader: (request) => broadcast({ kind: 'ask', from: id, request }),
    broadcastState,
    broadcastEvent(epoch, event) {
      if (isLeader) broadcast({ kind: 'event', epoch, event })
    },
    broadcastSnapshot(snapshot) {
      if (isLeader) broadcast({ kind: 'snapshot', snapshot })
    },
  }
}
