import type { Welcome } from '@paxyo/contracts'
import { PROTOCOL_VERSION } from '@paxyo/contracts/data'
import type { Client, ConnectionStatus, ConnectOptions, Position } from './api.ts'
import { attempt } from './attempt.ts'
import { ClientError } from './client-error.ts'
import { createConnection } from './connection.ts'
import { toLog } from './debug.ts'
import { isLive, type ConnectionState } from './connection-state.ts'
import { Listeners } from './listeners.ts'
import { OrderRequests } from './order-requests.ts'
import { followPage, isPageHidden } from './page.ts'
import { createReceipts } from './receipts.ts'
import { loadPosition, savePosition, tabStorage } from './saved-position.ts'
import { Stream } from './stream.ts'
import { canShare, createTabs, type Tabs } from './tabs.ts'
import { isAboutOrder, isKnownKind, type ReceivedEvent } from './wire.ts'

/**
 * Follows a user's stream until the page or the client is closed. It starts after the current task, so that listeners
 * added in the same task miss nothing.
 *
 * @throws TypeError when the options are not valid. Later errors are in `status`.
 * @example
 * const client = connect({ url: 'wss://rt.example.com/ws', getToken: async () => (await fetch('/token')).text() })
 * client.on('refund', ({ refund, order }) => log.info(`${order.orderId}: ${refund.amount} ${refund.currency}`))
 * client.status.state //=> 'connecting'
 * client.close()
 * client.status.state //=> 'closed'
 */
export function connect(options: ConnectOptions): Client {
  const { token, getToken, signal } = options
  if (token === undefined && getToken === undefined) throw new TypeError('token or getToken is needed')
  const url = toSocketUrl(options.url)
  const listeners = new Listeners()
  const log = toLog(options.debug)
  const { storage = options.resumeOverReload === true ? tabStorage() : null } = options

  let status: ConnectionStatus = { state: 'connecting', sinceMs: Date.now() }
  let userId: string | undefined
  let tabs: Tabs | undefined
  let wasLive = false
  let isSuspended = false
  /** The epoch of the current connection. */
  let epoch = ''

  const isClosed = (): boolean => status.state === 'closed'
  const persistPosition = (): void => {
    if (storage !== null && userId !== undefined) savePosition(storage, url, userId, stream.position!)
  }

  const stream = new Stream(
    {
      onSnapshot(snapshot) {
        if (isClosed()) return
        listeners.emit({ type: 'snapshot', ...snapshot })
        persistPosition()
        receipts.update()
        orderRequests.advanced()
      },
      onEvent(event) {
        if (isClosed()) return
        emit(listeners, event)
        persistPosition()
        receipts.update()
        orderRequests.advanced()
      },
    },
    options.position,
  )

  const connection = createConnection({
    url,
    token,
    getToken,
    log,
    transport: options.transport === 'auto' ? undefined : options.transport,
    position: () => stream.position,
    seen: () => receipts.seen,
    onIdentity: identify,
    onWelcome: begin,
    onEvent(event) {
      const placement = stream.offer(epoch, event)
      log('event', { event: event.event, seq: event.seq, placement })
      if (placement === 'next') tabs?.broadcastEvent(epoch, event)
      else if (placement !== 'known') {
        connection.input({ type: 'lost', error: new ClientError('gap', `events are missing before ${event.seq}`) })
      }
    },
    onOrders: (response) => orderRequests.receive(response),
    onPing: () => tabs?.broadcastState(),
    onState: showState,
  })

  const receipts = createReceipts({
    isHidden: isPageHidden,
    position: () => stream.position,
    send: (seen) => (tabs?.followed === undefined ? connection.sendSeen(seen) : tabs.sendSeen(seen)),
  })

  const orderRequests = new OrderRequests({
    stream,
    route() {
      if (isLive(connection.state)) return connection.hasOrderRequests ? 'own' : 'unsupported'
      const leader = tabs?.followed?.state
      // Else its connection is lost, and the request waits for it here.
      return leader === 'live' || leader === 'delayed' ? 'leader' : undefined
    },
    send: (request, route) => (route === 'own' ? connection.requestOrders(request) : tabs?.askLeader(request)),
  })

  function begin(welcome: Welcome, requested: Position | undefined): ClientError | undefined {
    const { account, orders = [], seq, totals, older } = welcome
    if (userId !== undefined && welcome.userId !== userId) {
      return new ClientError('wrong_user', `the token is not that of ${userId}`, { final: true })
    }
    epoch = welcome.epoch
    log('welcome', { mode: welcome.mode, seq, revision: welcome.revision })
    const now = stream.position
    // Another tab may have sent later events than the snapshot includes.
    const isOld = now?.epoch === epoch && now.seq > seq && !(requested?.epoch === epoch && requested.seq > seq)
    if (welcome.mode === 'resumed' || isOld) return undefined
    const snapshot = { position: { epoch, seq }, account, orders, totals, older }
    stream.replace(snapshot)
    tabs?.broadcastSnapshot(snapshot)
    return undefined
  }

  /** Starts sharing between tabs, and loads the saved position, once the user id is known. */
  function identify(newUserId: string | undefined): void {
    if (userId !== undefined || newUserId === undefined || isClosed()) return
    userId = newUserId
    const saved = storage === null ? undefined : loadPosition(storage, url, userId)
    if (saved !== undefined) stream.begin(saved)
    if (options.share === 'none' || !canShare()) return
    const name = `paxyo tabs ${PROTOCOL_VERSION} ${url} ${userId}`
    tabs = createTabs({
      name,
      stream,
      connection,
      ownStatus: () => toStatus(connection.state),
      onState: showState,
      orderRequests,
      onSeen: (seen) => receipts.add(seen),
    })
    tabs.join()
  }

  function showState(): void {
    tabs?.connectionChanged()
    orderRequests.routeChanged()
    const own = toStatus(connection.state)
    const next = own.state === 'closed' ? own : (tabs?.followed ?? own)
    const { retryAtMs, error } = next
    const state = wasLive && next.state === 'connecting' ? 'reconnecting' : next.state
    wasLive ||= state === 'live' || state === 'delayed'
    if (state === status.state && retryAtMs === status.retryAtMs && error?.code === status.error?.code) return
    status = { state, sinceMs: state === status.state ? status.sinceMs : Date.now(), retryAtMs, error }
    log('status', { state, isOfAnotherTab: next !== own, retryAtMs, error: error?.code })
    listeners.emit({ type: 'status', status })
    if (!isClosed()) return
    unfollow()
    receipts.stop()
    listeners.end(error)
    orderRequests.end(error)
  }

  const close = (): void => connection.input({ type: 'fail', error: undefined })
  const start = (): void => (tabs === undefined ? connection.input({ type: 'start' }) : tabs.join())
  const unfollow = followPage({
    online() {
      connection.input({ type: 'online' })
      connection.check()
    },
    offline: () => connection.input({ type: 'offline' }),
    woke() {
      receipts.update()
      connection.woke()
      tabs?.woke()
    },
    networkChanged: () => connection.check(),
    hidden: () => receipts.flush(),
    suspend() {
      receipts.flush()
      isSuspended = true
      tabs?.leave()
      connection.input({ type: 'suspend' })
    },
    resume() {
      if (isSuspended) start()
      isSuspended = false
      connection.check()
    },
  })

  queueMicrotask(() => {
    signal?.addEventListener('abort', close, { once: true })
    if (signal?.aborted === true) close()
    identify(options.userId?.toString() ?? connection.state.token?.userId)
    if (tabs === undefined) start()
  })

  return {
    on: (type, listener, { signal: until } = {}) => listeners.on(type, listener, until),
    get status() {
      return status
    },
    get position() {
      return stream.position
    },
    page: ({ before, limit } = {}) => orderRequests.page(before, limit),
    orders: (ids) => orderRequests.byIds(ids),
    close,
    [Symbol.asyncIterator]: () => listeners.iterate(),
  }
}

function emit(listeners: Listeners, event: ReceivedEvent): void {
  const { seq, at, account, totals } = event
  if (isAboutOrder(event)) {
    const { order, refund } = event
    listeners.emit({ type: 'order', event: event.event, order, seq, at, refund, account: event.account, totals })
    if (refund !== undefined) listeners.emit({ type: 'refund', refund, order, seq, at })
  } else if (!isKnownKind(event)) listeners.emit({ type: 'event', event: event.event, seq, at, account, data: event })
  if (account !== undefined) listeners.emit({ type: 'account', account, totals, seq })
}

/** @throws TypeError when it is not a URL. */
function toSocketUrl(url: string | URL): string {
  const absolute = new URL(
    url,
    attempt(() => location.href),
  )
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws')
  absolute.hash = ''
  if (!/^wss?:$/.test(absolute.protocol)) throw new TypeError(`${absolute.href} is not a WebSocket URL`)
  return absolute.href
}

const liveState = ({ isDelayed, isSuspect }: ConnectionState): 'live' | 'delayed' =>
  isDelayed || isSuspect ? 'delayed' : 'live'

/** The status of a connection that was never live; `showState` replaces `connecting` with `reconnecting`. */
function toStatus(own: ConnectionState): ConnectionStatus {
  const { phase, timerAtMs, error } = own
  return {
    state: phase === 'offline' || phase === 'closed' ? phase : isLive(own) ? liveState(own) : 'connecting',
    sinceMs: 0,
    retryAtMs: phase === 'waiting' || phase === 'offline' ? timerAtMs : undefined,
    error,
  }
}
