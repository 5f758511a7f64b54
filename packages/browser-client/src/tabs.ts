import type { ConnectionStatus, Position } from './api.ts'
import { ClientError } from './client-error.ts'
import type { Connection } from './connection.ts'
import { isLive } from './connection-state.ts'
import { isPageHidden } from './page.ts'
import type { Snapshot, Stream } from './stream.ts'
import type { ReceivedEvent } from './wire.ts'

/**
 * One connection for all tabs of a user. The holder of a Web Lock leads: it has the connection, and tells the others
 * everything over a BroadcastChannel. Browsers hand a lock on by themselves when its tab is closed or crashes.
 *
 * Nothing depends on who leads, nor on messages between tabs being complete: every tab has its own position, and lets
 * through only what comes next. A tab that knows it misses something asks the leader, with its position; when the leader
 * has not kept what came after it, or the tab has no position at all, the tab uses a connection of its own until it has
 * caught up. A leader that does not answer, because it is frozen, loses the lock to the one that asked.
 *
 * A SharedWorker would need a script of its own on the panel's origin, and getToken would have to reach into it; and
 * Chrome on Android has come to know it only lately.
 */
export interface TabsDeps {
  /** The same for tabs that share. */
  readonly name: string
  readonly stream: Stream
  readonly connection: Connection
  /** Of this tab's own connection. */
  readonly ownStatus: () => ConnectionStatus
  readonly onState: () => void
}

type TabMessage =
  | { readonly kind: 'event'; readonly epoch: string; readonly event: ReceivedEvent }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  /** How the leader is: when it changes, when the server has pinged it, and when it is asked and not live. */
  | ({ readonly kind: 'state'; readonly isHidden: boolean } & LeaderState)
  | { readonly kind: 'ask'; readonly from: string; readonly position: Position | undefined }
  /** What came after the position; no events when that is not known any more. */
  | ({
      readonly kind: 'answer'
      readonly to: string
      readonly events: readonly ReceivedEvent[] | undefined
    } & LeaderState)

interface LeaderState {
  readonly status: ConnectionStatus
  readonly head: Position | undefined
}

/** A busy tab may be late once. */
const RESPONSE_TIMEOUT_MS = 1_000
const UNANSWERED_MAX = 2
/** The server pings more often than this, and the leader passes it on. */
const SILENCE_MS_MAX = 65_000

/** Web Locks are there on secure pages only. */
export function canShare(): boolean {
  return typeof BroadcastChannel === 'function' && (navigator as Partial<Navigator>).locks !== undefined
}

export interface Tabs {
  /** Of the connection that this tab relies on, when that is not its own. */
  readonly followed: ConnectionStatus | undefined
  join(): void
  /** Hands over, and hears nothing more. */
  leave(): void
  /** Somebody looks at this tab: a leader in the background may have fallen asleep. */
  woke(): void
  /** The state of this tab's own connection has changed. */
  connectionChanged(): void
  tellState(): void
  tellEvent(epoch: string, event: ReceivedEvent): void
  tellSnapshot(snapshot: Snapshot): void
}

export function createTabs({ name, stream, connection, ownStatus, onState }: TabsDeps): Tabs {
  const id = crypto.randomUUID()
  let channel: BroadcastChannel | undefined
  /** The present wish to lead; aborted when it ends. */
  let candidacy: AbortController | undefined
  let release: (() => void) | undefined
  let isLeader = false
  let followed: ConnectionStatus | undefined
  let unanswered = 0
  /** Runs out when an answer, or a sign of life, has not come. */
  let patience: ReturnType<typeof setTimeout> | undefined
  let wasLive = false

  function join(): void {
    connection.input({ type: 'suspend' })
    channel = new BroadcastChannel(name)
    channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => hear(data))
    compete()
    ask()
  }

  function leave(): void {
    clearTimeout(patience)
    candidacy?.abort()
    candidacy = followed = undefined
    isLeader = false
    release?.()
    channel?.close()
    channel = undefined
  }

  /** Waits for the lock, or takes it away from a leader that is no use. */
  function compete(steal = false): void {
    candidacy?.abort()
    const mine = (candidacy = new AbortController())
    const lead = (): Promise<void> | undefined => (candidacy === mine ? new Promise(beginToLead) : undefined)
    navigator.locks.request(name, steal ? { steal } : { signal: mine.signal }, lead).catch((error: unknown) => {
      if (candidacy !== mine) return
      isLeader = false
      if ((error as Error).name === 'AbortError') {
        // Stolen. The connection stays until the new leader has shown that it has one.
        compete()
        ask()
      } else {
        // Locks are forbidden here: everybody for themselves.
        leave()
        connection.input({ type: 'start' })
      }
    })
  }

  function beginToLead(letGo: () => void): void {
    clearTimeout(patience)
    release = letGo
    isLeader = true
    followed = undefined
    connection.input({ type: 'start' })
    tellState()
    onState()
  }

  function follow(status: ConnectionStatus): void {
    const { error } = status
    // What crosses over is a plain object.
    followed = { ...status, error: error && new ClientError(error.code, error.message) }
    connection.input({ type: 'suspend' })
    onState()
  }

  function ask(): void {
    if (isLeader) return
    waitFor(RESPONSE_TIMEOUT_MS)
    tell({ kind: 'ask', from: id, position: stream.position })
  }

  function waitFor(timeoutMs: number): void {
    clearTimeout(patience)
    patience = setTimeout(() => {
      unanswered += 1
      if (unanswered > UNANSWERED_MAX) compete(true)
      else ask()
    }, timeoutMs)
  }

  function heardLeader(): void {
    unanswered = 0
    waitFor(SILENCE_MS_MAX)
  }

  function hear(message: TabMessage): void {
    switch (message.kind) {
      case 'event': {
        const placement = stream.offer(message.epoch, message.event)
        if (placement !== 'next' && placement !== 'known' && followed !== undefined) ask()
        return
      }
      case 'snapshot': {
        const { snapshot } = message
        // Who has a place in this epoch would miss what lies between.
        if (stream.position?.epoch !== snapshot.position.epoch && !isLive(connection.state)) stream.replace(snapshot)
        return
      }
      case 'ask':
        if (isLeader) answer(message.from, message.position)
        return
      case 'state':
        if (!isLeader) hearState(message)
        return
      case 'answer':
        if (!isLeader && message.to === id) hearAnswer(message)
    }
  }

  function hearState({ status, head, isHidden }: Extract<TabMessage, { kind: 'state' }>): void {
    heardLeader()
    const { position } = stream
    if (status.state === 'live') {
      const isBehind = position?.epoch !== head!.epoch || position.seq < head!.seq
      return isBehind ? ask() : follow(status)
    }
    // Timers of a hidden tab may be a minute late, and its user does not mind; ours does.
    if (isLive(connection.state)) return
    if (isHidden && !isPageHidden()) compete(true)
    else follow(status)
  }

  function hearAnswer({ events, status, head }: Extract<TabMessage, { kind: 'answer' }>): void {
    heardLeader()
    if (events === undefined) {
      followed = undefined
      return connection.input({ type: 'start' })
    }
    for (const event of events) stream.offer(head!.epoch, event)
    follow(status)
  }

  function answer(to: string, position: Position | undefined): void {
    if (!isLive(connection.state)) return tellState()
    tell({ kind: 'answer', to, events: position && stream.since(position), ...leaderState() })
  }

  function tellState(): void {
    if (isLeader) tell({ kind: 'state', isHidden: isPageHidden(), ...leaderState() })
  }

  function leaderState(): LeaderState {
    const status = ownStatus()
    const { error } = status
    const plain = error && ({ code: error.code, message: error.message } as ClientError)
    return { status: { ...status, error: plain }, head: stream.position }
  }

  function tell(message: TabMessage): void {
    // A channel reaches its own origin only; the rule is about windows.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    channel?.postMessage(message)
  }

  return {
    get followed() {
      return followed
    },
    join,
    leave,
    woke() {
      if (channel !== undefined) ask()
    },
    connectionChanged() {
      const wasLiveBefore = wasLive
      wasLive = isLive(connection.state)
      if (connection.state.phase === 'closed') leave()
      else if (isLeader) tellState()
      // Caught up by itself: now the leader may know what comes next.
      else if (wasLive && !wasLiveBefore && channel !== undefined) ask()
    },
    tellState,
    tellEvent(epoch, event) {
      if (isLeader) tell({ kind: 'event', epoch, event })
    },
    tellSnapshot(snapshot) {
      if (isLeader) tell({ kind: 'snapshot', snapshot })
    },
  }
}
