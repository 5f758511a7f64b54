import {
  ClientError,
  type AccountView,
  type Client,
  type ClientEvent,
  type ConnectionStatus,
  type OrderView,
} from '@paxyo/browser-client'
import { setText, writeBalance, writeOrder } from './fields.ts'
import type { Format } from '@paxyo/browser-client/format'
import { createFrames } from './frames.ts'
import { isNews } from './news.ts'
import { createdAtOf, createOrderLists } from './order-lists.ts'
import { createPanelBalance } from './panel-balance.ts'
import { createRefresh } from './refresh.ts'
import type { ToastQueue } from './toast-queue.ts'
import { ROWS_MAX, watchRows } from './rows.ts'

/** How many orders are kept for rows that are added later: those of the snapshot, and those that changed since. */
const KNOWN_ORDERS_MAX = 2_000
/** How long a changed row is marked, for the page's CSS. */
const CHANGED_MARK_MS = 2_000

export interface BindPageOptions {
  readonly page: Document
  readonly client: Client
  readonly format: Format
  readonly toastQueue: ToastQueue | undefined
  /** Returns the balance that the panel keeps. */
  readonly balanceUrl: string | undefined
  /** Logs a message to the page's developer, once. */
  readonly warn: (message: string) => void
}

/**
 * Binds a page to its user's stream. It writes changes in animation frames, each order once per frame; then it
 * dispatches every event to the page's own code, in order. The page is then at least as current as the event.
 */
export function bindPage({ page, client, format, toastQueue, balanceUrl, warn }: BindPageOptions): void {
  const known = new Map<string, OrderView>()
  /** Kept separately: more orders may change between two frames than `known` keeps. */
  const unwritten = new Map<string, OrderView>()
  const changed = new Set<string>()
  /** Registered while the page is open, and not yet added to its lists. */
  const registered = new Set<string>()
  const undispatched: ClientEvent[] = []
  let account: AccountView | undefined
  let accountChanged = false
  let dispatchedIndex = 0

  const frames = createFrames((hasTime) => {
    if (accountChanged) showAccount()
    for (const [orderId, order] of unwritten) {
      if (!hasTime()) return true
      unwritten.delete(orderId)
      showOrder(order)
    }
    while (dispatchedIndex < undispatched.length) {
      if (!hasTime()) return true
      dispatch(undispatched[dispatchedIndex++]!)
    }
    undispatched.length = 0
    dispatchedIndex = 0
    return false
  })

  const refresh = createRefresh({
    client,
    onOrders(orders) {
      for (const order of orders) remember(order)
      frames.request()
    },
    // The client reports the end of its connection itself, and an early gateway does not send orders on request.
    onError(error) {
      if (!error.final && error.code !== 'unsupported') warn(describe(error))
    },
  })
  let isCurrent = false

  const rows = watchRows({
    page,
    onRow(orderId) {
      const order = known.get(orderId)
      if (order === undefined) {
        if (isCurrent) refresh.add(orderId)
        return
      }
      unwritten.set(orderId, order)
      frames.request()
    },
    onElement() {
      accountChanged = true
      frames.request()
    },
    onTooMany: () => warn(`there are more than ${ROWS_MAX} rows: further rows are not updated`),
  })

  const lists = createOrderLists(page, (orderId) => {
    const order = known.get(orderId)
    return order && createdAtOf(order)
  })

  function remember(order: OrderView): void {
    // The least recently changed order is removed first.
    known.delete(order.orderId)
    known.set(order.orderId, order)
    if (known.size > KNOWN_ORDERS_MAX) known.delete(known.keys().next().value!)
    unwritten.set(order.orderId, order)
  }

  function showAccount(): void {
    accountChanged = false
    showStatus(client.status)
    // In external mode the panel keeps the balance: this one is only what was refunded.
    if (account?.mode !== 'kept') return
    const { balance, currency } = account
    for (const element of page.querySelectorAll('[data-balance]')) {
      writeBalance(element, balance, format.money(balance, currency))
    }
  }

  function showStatus({ state }: ConnectionStatus): void {
    for (const element of page.querySelectorAll<HTMLElement>('[data-connection]')) {
      element.dataset['connection'] = state
      setText(element, format.connection(state))
    }
  }

  function showOrder(order: OrderView): void {
    const isChange = changed.delete(order.orderId)
    for (const row of lists.add(order, registered.delete(order.orderId))) rows.add(row)
    for (const row of rows.of(order.orderId)) {
      writeOrder(row, order, format, (name) => warn(`data-field="${name}" is not a field of an order`))
      if (isChange) mark(row)
    }
  }

  function mark(row: Element): void {
    row.setAttribute('data-changed', '')
    setTimeout(() => row.removeAttribute('data-changed'), CHANGED_MARK_MS)
  }

  function dispatch(event: ClientEvent): void {
    const row = 'order' in event ? rows.of(event.order.orderId)[0] : undefined
    ;(row ?? page).dispatchEvent(new CustomEvent(`paxyo:${event.type}`, { bubbles: true, detail: event }))
  }

  function enqueue(event: ClientEvent): void {
    undispatched.push(event)
    frames.request()
  }

  const isQuiet = (orderId: string): boolean =>
    rows.of(orderId).some((row) => row.closest('[data-toast="off"]') !== null)

  const balances = (): Element[] => [...page.querySelectorAll('[data-balance]')]
  const readPanelBalance =
    balanceUrl === undefined
      ? undefined
      : createPanelBalance({
          url: balanceUrl,
          shown: () => balances()[0]?.textContent,
          onBalance(balance) {
            if (account?.mode === 'kept') return
            for (const element of balances()) writeBalance(element, undefined, balance)
            page.dispatchEvent(new CustomEvent('paxyo:balance', { bubbles: true, detail: { balance } }))
          },
          warn,
        })

  let lastOrderSeq = 0
  client.on('snapshot', (event) => {
    if (isCurrent && event.account?.mode !== 'kept') readPanelBalance?.()
    account = event.account
    accountChanged = true
    // The first ones are the newest: they are added last.
    for (let index = event.orders.length - 1; index >= 0; index -= 1) remember(event.orders[index]!)
    isCurrent = true
    const received = new Set(event.orders.map(({ orderId }) => orderId))
    refresh.restart(rows.ids().filter((orderId) => !received.has(orderId)))
    enqueue(event)
  })
  client.on('order', (event) => {
    const { order, refund } = event
    const before = known.get(order.orderId)?.status ?? rows.of(order.orderId)[0]?.getAttribute('data-status')
    if (event.event === 'order.registered') registered.add(order.orderId)
    else if (isNews({ order, refund }, before) && !isQuiet(order.orderId)) toastQueue?.order({ order, refund })
    if (refund !== undefined && event.account.mode !== 'kept') readPanelBalance?.(order)
    lastOrderSeq = event.seq
    changed.add(order.orderId)
    remember(order)
    enqueue(event)
  })
  client.on('refund', enqueue)
  client.on('event', enqueue)
  client.on('account', (event) => {
    // The toast of an order already reports its refund; other kinds of events may leave the balance unchanged.
    const isNewBalance = account?.balance !== event.account.balance
    if (event.seq !== lastOrderSeq && isNewBalance && event.account.mode === 'kept') toastQueue?.account(event.account)
    account = event.account
    accountChanged = true
    enqueue(event)
  })
  client.on('status', (event) => {
    const { error, state } = event.status
    if (state === 'live') isCurrent = true
    // A lost connection is normal; one that never becomes live may be a mistake in the page.
    if (error !== undefined && (error.final || state === 'connecting')) warn(describe(error))
    accountChanged = true
    enqueue(event)
  })
  accountChanged = true
  frames.request()
}

/** An error of this script is more specific than the client's. */
function describe(error: ClientError): string {
  const { message, code } = error.cause instanceof ClientError ? error.cause : error
  // Browsers do not report that a server rejected the page's origin.
  const hint = code === 'connection_lost' ? `; is ${location.origin} one of the gateway's ALLOWED_ORIGINS?` : ''
  return `${message} (${code})${hint}`
}
