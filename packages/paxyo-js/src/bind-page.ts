import {
  ClientError,
  type AccountView,
  type Client,
  type ClientEvent,
  type ConnectionStatus,
  type OrderView,
} from '@paxyo/browser-client'
import { setText, writeBalance, writeOrder } from './fields.ts'
import type { Format } from './format.ts'
import { createFrames } from './frames.ts'
import { isNews } from './news.ts'
import type { ToastQueue } from './toast-queue.ts'
import { ROWS_MAX, watchRows } from './rows.ts'
import type { Messages } from './locales.ts'

/** Orders that are remembered for rows that come later: the snapshot's, and those that changed since. */
const KNOWN_ORDERS_MAX = 2_000
/** How long a row that has changed is marked, for the page's CSS. */
const CHANGED_MARK_MS = 2_000

export interface BindPageOptions {
  readonly page: Document
  readonly client: Client
  readonly format: Format
  readonly messages: Messages
  readonly toastQueue: ToastQueue | undefined
  /** Says something to the page's developer, once. */
  readonly warn: (message: string) => void
}

/**
 * Keeps a page true to its user's stream. Everything is written in frames, an order once however often it has changed;
 * then the page's own code is told of every single event, in order, and finds the page as it says or newer.
 */
export function bindPage({ page, client, format, messages, toastQueue, warn }: BindPageOptions): void {
  const known = new Map<string, OrderView>()
  /** Kept here too: more of them may change between two frames than are remembered. */
  const unwritten = new Map<string, OrderView>()
  const changed = new Set<string>()
  const untold: ClientEvent[] = []
  let account: AccountView | undefined
  let accountChanged = false
  let toldIndex = 0

  const frames = createFrames((hasTime) => {
    if (accountChanged) showAccount()
    for (const [orderId, order] of unwritten) {
      if (!hasTime()) return true
      unwritten.delete(orderId)
      showOrder(order)
    }
    while (toldIndex < untold.length) {
      if (!hasTime()) return true
      tell(untold[toldIndex++]!)
    }
    untold.length = 0
    toldIndex = 0
    return false
  })

  const rows = watchRows({
    page,
    onRow(orderId) {
      const order = known.get(orderId)
      if (order === undefined) return
      unwritten.set(orderId, order)
      frames.request()
    },
    onElement() {
      accountChanged = true
      frames.request()
    },
    onTooMany: () => warn(`there are more than ${ROWS_MAX} rows: those beyond are not kept up to date`),
  })

  function learn(order: OrderView): void {
    // The one that was told of last is forgotten last.
    known.delete(order.orderId)
    known.set(order.orderId, order)
    if (known.size > KNOWN_ORDERS_MAX) known.delete(known.keys().next().value!)
    unwritten.set(order.orderId, order)
  }

  function showAccount(): void {
    accountChanged = false
    showStatus(client.status)
    if (account === undefined) return
    const { balance, currency } = account
    for (const element of page.querySelectorAll('[data-balance]')) {
      writeBalance(element, balance, format.money(balance, currency))
    }
  }

  function showStatus({ state }: ConnectionStatus): void {
    for (const element of page.querySelectorAll<HTMLElement>('[data-connection]')) {
      element.dataset['connection'] = state
      setText(element, messages[state])
    }
  }

  function showOrder(order: OrderView): void {
    const isChange = changed.delete(order.orderId)
    for (const row of rows.of(order.orderId)) {
      writeOrder(row, order, format, (name) => warn(`data-field="${name}" is not a field of an order`))
      if (isChange) mark(row)
    }
  }

  function mark(row: Element): void {
    row.setAttribute('data-changed', '')
    setTimeout(() => row.removeAttribute('data-changed'), CHANGED_MARK_MS)
  }

  function tell(event: ClientEvent): void {
    const row = 'order' in event ? rows.of(event.order.orderId)[0] : undefined
    ;(row ?? page).dispatchEvent(new CustomEvent(`paxyo:${event.type}`, { bubbles: true, detail: event }))
  }

  function enqueue(event: ClientEvent): void {
    untold.push(event)
    frames.request()
  }

  let lastOrderSeq = 0
  client.on('snapshot', (event) => {
    account = event.account
    accountChanged = true
    // The first ones are the newest: they are learned last.
    for (const order of event.orders.toReversed()) learn(order)
    enqueue(event)
  })
  client.on('order', (event) => {
    const { order, refund } = event
    const before = known.get(order.orderId)?.status ?? rows.of(order.orderId)[0]?.getAttribute('data-status')
    if (event.event === 'order.updated' && isNews({ order, refund }, before)) toastQueue?.order({ order, refund })
    lastOrderSeq = event.seq
    changed.add(order.orderId)
    learn(order)
    enqueue(event)
  })
  client.on('refund', enqueue)
  client.on('event', enqueue)
  client.on('account', (event) => {
    // An order's change says itself what it did to the balance; another kind of event may leave it as it was.
    const isNewBalance = account?.balance !== event.account.balance
    if (event.seq !== lastOrderSeq && isNewBalance) toastQueue?.account(event.account)
    account = event.account
    accountChanged = true
    enqueue(event)
  })
  client.on('status', (event) => {
    const { error, state } = event.status
    // A connection that breaks is nothing to report; one that never comes about may be a mistake in the page.
    if (error !== undefined && (error.final || state === 'connecting')) warn(describe(error))
    accountChanged = true
    enqueue(event)
  })
  accountChanged = true
  frames.request()
}

/** What the script itself found wrong is said in its own words. */
function describe(error: ClientError): string {
  const { message, code } = error.cause instanceof ClientError ? error.cause : error
  // Browsers do not tell a page that it was turned away for where it comes from.
  const hint = code === 'connection_lost' ? `; is ${location.origin} one of the gateway's ALLOWED_ORIGINS?` : ''
  return `${message} (${code})${hint}`
}
