import type { OrderEvent, Position, Welcome } from '@paxyo/contracts'
import type { Client, ConnectionStatus, ConnectOptions } from './api.ts'
import { ClientError } from './client-error.ts'
import { Connection } from './connection.ts'
import type { ConnectionState, Phase } from './connection-state.ts'
import { Listeners } from './listeners.ts'
import { followPage } from './page.ts'
import { loadPosition, savePosition } from './saved-position.ts'
import { Stream } from './stream.ts'
import { canShare, Tabs } from './tabs.ts'
import { readToken } from './token.ts'

/**
 * Follows a user's stream, for as long as the page lives or until it is closed. It begins after the present task, so
 * that listeners which are added right away miss nothing.
 *
 * @throws TypeError when the options make no sense. What goes wrong later is said by `status`.
 */
export function connect(options: ConnectOptions): Client {
  const { token, getToken, signal } = options
  if (token === undefined && getToken === undefined) throw new TypeError('connect needs token or getToken')
  const url = toSocketUrl(options.url)
  const listeners = new Listeners()
  const storage = options.resumeOverReload === true ? (options.storage ?? sessionStorage) : undefined

  let status: ConnectionStatus = { state: 'connecting', sinceMs: Date.now() }
  let userId: string | undefined
  let tabs: Tabs | undefined
  let wasLive = false
  let isSuspended = false
  /** Of the present connection. */
  let epoch = ''

  const isClosed = (): boolean => status.state === 'closed'
  const save = (): void => {
    if (storage !== undefined && userId !== undefined) savePosition(storage, url, userId, stream.position!)
  }

  const stream = new Stream(
    {
      onSnapshot(snapshot) {
        if (isClosed()) return
        listeners.emit({ type: 'snapshot', ...snapshot })
        save()
      },
      onEvent(event) {
        if (isClosed()) return
        emit(listeners, event)
        save()
      },
    },
    options.position,
  )

  const connection = new Connection({
    url,
    token,
    getToken,
    position: () => stream.position,
    onIdentity: identify,
    onWelcome(welcome, saidPosition) {
      if (userId !== undefined && welcome.userId !== userId) {
        return new ClientError('wrong_user', `the token is not that of ${userId}`, { final: true })
      }
      begin(welcome, saidPosition)
      return undefined
    },
    onEvent(event) {
      // The welcome has said the epoch, and no event comes before it.
      const placement = stream.offer(epoch, event)
      if (placement === 'next') tabs?.tellEvent(epoch, event)
      else if (placement !== 'known') {
        connection.input({ type: 'lost', error: new ClientError('gap', `events are missing before ${event.seq}`) })
      }
    },
    onPing: () => tabs?.tellState(),
    onState: showState,
  })
  function begin(welcome: Welcome, said: Position | undefined): void {
    epoch = welcome.epoch
    if (welcome.mode === 'resumed') return
    const now = stream.position
    // Another tab may have told us more than the server knew when it took the snapshot.
    const isOld = now?.epoch === epoch && now.seq > welcome.seq && !(said?.epoch === epoch && said.seq > welcome.seq)
    if (isOld) return
    const { account, orders = [], seq } = welcome
    const snapshot = { position: { epoch, seq }, account, orders }
    stream.replace(snapshot)
    tabs?.tellSnapshot(snapshot)
  }

  /** Tabs can share, and positions be kept, once it is known whose they are. */
  function identify(newUserId: string | undefined): void {
    if (userId !== undefined || newUserId === undefined || isClosed()) return
    userId = newUserId
    const saved = storage === undefined ? undefined : loadPosition(storage, url, userId)
    if (saved !== undefined) stream.begin(saved)
    if (options.share === 'none' || !canShare()) return
    tabs = new Tabs({ name: `${url} ${userId}`, stream, connection, onState: showState })
    tabs.join()
  }

  function showState(): void {
    tabs?.connectionChanged()
    const own = toStatus(connection.state, wasLive)
    const next = own.state === 'closed' ? own : (tabs?.leaderStatus ?? own)
    if (next.state === 'live') wasLive = true
    if (isSame(status, next)) return
    status = { ...next, sinceMs: next.state === status.state ? status.sinceMs : Date.now() }
    listeners.emit({ type: 'status', status })
    if (isClosed()) end()
  }

  function end(): void {
    tabs?.leave()
    unfollow()
    signal?.removeEventListener('abort', close)
    listeners.end(status.error)
  }

  const close = (): void => connection.input({ type: 'fail' })
  const start = (): void => {
    if (tabs === undefined) connection.input({ type: 'start' })
    else tabs.join()
  }
  const unfollow = followPage({
    online: () => connection.input({ type: 'online' }),
    offline: () => connection.input({ type: 'offline' }),
    woke() {
      connection.woke()
      tabs?.woke()
    },
    suspend() {
      if (isSuspended) return
      isSuspended = true
      tabs?.leave()
      connection.input({ type: 'suspend' })
    },
    resume() {
      if (!isSuspended) return
      isSuspended = false
      start()
    },
  })
  signal?.addEventListener('abort', close)

  queueMicrotask(() => {
    if (signal?.aborted === true) close()
    if (isClosed()) return
    identify(options.userId ?? (token === undefined ? undefined : readToken(token, 0).userId))
    if (tabs === undefined) connection.input({ type: 'start' })
  })

  return {
    on: (type, listener, { signal: until } = {}) => listeners.on(type, listener, until),
    get status() {
      return status
    },
    get position() {
      return stream.position
    },
    close,
    [Symbol.asyncIterator]: () => listeners.iterate(),
  }
}

function emit(listeners: Listeners, event: OrderEvent): void {
  const { seq, at, account } = event
  if (event.event !== 'account.updated') {
    const { order } = event
    const refund = event.event === 'order.updated' ? event.refund : undefined
    const moved = refund === undefined ? {} : { refund }
    listeners.emit({ type: 'order', event: event.event, order, seq, at, ...moved, account })
    if (refund !== undefined) listeners.emit({ type: 'refund', refund, order, seq, at })
  }
  listeners.emit({ type: 'account', account, seq })
}

/** @throws TypeError when it is no URL. */
function toSocketUrl(url: string | URL): string {
  const absolute = new URL(url, (globalThis as Partial<typeof globalThis>).location?.href)
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws')
  absolute.hash = ''
  if (!/^wss?:$/.test(absolute.protocol)) throw new TypeError(`${absolute.href} is no address of a WebSocket`)
  return absolute.href
}

const STATES: Record<Phase, ConnectionStatus['state'] | undefined> = {
  idle: undefined,
  getting_token: undefined,
  connecting: undefined,
  joining: undefined,
  waiting: undefined,
  live: 'live',
  renewing: 'live',
  offline: 'offline',
  closed: 'closed',
}

function toStatus({ phase, timerAtMs, error }: ConnectionState, wasLive: boolean): ConnectionStatus {
  const isWaiting = phase === 'waiting' || phase === 'offline'
  return {
    state: STATES[phase] ?? (wasLive ? 'reconnecting' : 'connecting'),
    sinceMs: 0,
    ...(isWaiting && timerAtMs !== undefined ? { retryAtMs: timerAtMs } : {}),
    ...(error === undefined ? {} : { error }),
  }
}

function isSame(a: ConnectionStatus, b: ConnectionStatus): boolean {
  return a.state === b.state && a.retryAtMs === b.retryAtMs && a.error?.code === b.error?.code
}
